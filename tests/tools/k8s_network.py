"""Who may reach whom: every namespace denies all by default, and every port that is exposed has a rule that lets in.

Usage as a program: k8s_network.py BUILT.yaml BUILT.yaml, for the recommender and its monitoring: Prometheus reaches the
recommender, Grafana reaches Prometheus, and neither Grafana nor the recommender reaches what it need not.
"""

import sys

import yaml


def policies(objects, namespace):
    return [item for item in objects.of("NetworkPolicy") if item["metadata"].get("namespace") == namespace]


def faults_of_network(objects):
    """Faults of the NetworkPolicies of an installation."""
    namespaces = {item["metadata"].get("namespace") for item in objects.of("Deployment")}
    for namespace in namespaces:
        if not any(denies_all(policy) for policy in policies(objects, namespace)):
            yield f"Namespace {namespace} has no NetworkPolicy that denies all by default."
    for policy in objects.of("NetworkPolicy"):
        chosen = policy["spec"]["podSelector"].get("matchLabels")
        if chosen and not objects.pods_of(chosen, policy["metadata"].get("namespace")):
            yield f"NetworkPolicy {policy['metadata']['name']} is about no pods."
    for service in objects.of("Service"):
        if service["spec"].get("type") in ("NodePort", "LoadBalancer"):
            yield from faults_of_exposed(service, objects)
    for ingress in objects.of("Ingress"):
        yield from faults_of_ingress_path(ingress, objects)
    for deployment in objects.of("Deployment"):
        if deployment["metadata"]["name"] == "recommender":
            yield from faults_of_egress(deployment, objects)


def denies_all(policy):
    """Whether a policy is about every pod, and allows nothing either way."""
    spec = policy["spec"]
    both = set(spec["policyTypes"]) == {"Ingress", "Egress"}
    return both and not spec["podSelector"] and not spec.get("ingress") and not spec.get("egress")


def about(policy, labels):
    """Whether a policy is about a pod with these labels."""
    return policy["spec"]["podSelector"].get("matchLabels", {}).items() <= labels.items()


def rules_for(template, port, objects, namespace):
    """The ingress rules that let somebody in to a pod's port, given by name or by number."""
    numbers = {
        key
        for container in template["spec"]["containers"]
        for known in container.get("ports", [])
        if port in (known.get("name"), known["containerPort"])
        for key in (known.get("name"), known["containerPort"])
    }
    for policy in policies(objects, namespace):
        if not about(policy, template["metadata"].get("labels", {})):
            continue
        for rule in policy["spec"].get("ingress", []):
            if "ports" not in rule or any(open_port["port"] in numbers for open_port in rule["ports"]):
                yield rule


def faults_of_exposed(service, objects):
    """Whoever comes by a node port has any address, so the rule for its pods must name no peers."""
    namespace = service["metadata"].get("namespace")
    for template in objects.pods_of(service["spec"]["selector"], namespace):
        for port in service["spec"]["ports"]:
            rules = rules_for(template, port.get("targetPort", port["port"]), objects, namespace)
            if not any("from" not in rule for rule in rules):
                yield (
                    f"Service {service['metadata']['name']} exposes port {port['port']} to the outside, and no"
                    " NetworkPolicy lets its clients in."
                )


def faults_of_ingress_path(ingress, objects):
    """The ingress controller's namespace has to be let in to what an Ingress leads to."""
    namespace = ingress["metadata"].get("namespace")
    wanted = {"kubernetes.io/metadata.name": f"ingress-{ingress['spec']['ingressClassName']}"}
    for deployment in objects.of("Deployment"):
        template = deployment["spec"]["template"]
        peers = [
            peer.get("namespaceSelector", {}).get("matchLabels")
            for rule in rules_for(template, "http", objects, namespace)
            for peer in rule.get("from", [])
        ]
        if wanted not in peers:
            yield f"No NetworkPolicy lets the ingress controller in to {deployment['metadata']['name']}."


def faults_of_egress(deployment, objects):
    """The server opens no connection: no policy may let it."""
    namespace = deployment["metadata"].get("namespace")
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    for policy in policies(objects, namespace):
        if about(policy, labels) and policy["spec"].get("egress"):
            yield f"NetworkPolicy {policy['metadata']['name']} lets the server out."


def lets(peers, namespace, template, own_namespace):
    """Whether one of a rule's peers is a pod of a namespace; a rule without peers means everybody."""
    if peers is None:
        return True
    for peer in peers:
        wanted = peer.get("namespaceSelector", {}).get("matchLabels", {"kubernetes.io/metadata.name": own_namespace})
        labels = peer.get("podSelector", {}).get("matchLabels", {})
        if (
            wanted == {"kubernetes.io/metadata.name": namespace}
            and labels.items() <= template["metadata"]["labels"].items()
        ):
            return True
    return False


def reaches(objects, source, target, port):
    """Whether a Deployment's pods may open a connection to a port of another's: both sides have to agree."""
    pods = {item["metadata"]["name"]: item for item in objects.of("Deployment")}
    source, target = pods[source], pods[target]
    here, there = (item["metadata"].get("namespace") for item in (source, target))
    let_out = any(
        lets(rule.get("to"), there, target["spec"]["template"], here)
        for policy in policies(objects, here)
        if about(policy, source["spec"]["template"]["metadata"]["labels"])
        for rule in policy["spec"].get("egress", [])
        if "ports" not in rule or any(known["port"] == port for known in rule["ports"])
    )
    let_in = any(
        lets(rule.get("from"), here, source["spec"]["template"], there)
        for rule in rules_for(target["spec"]["template"], port, objects, there)
    )
    return let_out and let_in


def main():
    from k8s_links import Objects

    items = [item for path in sys.argv[1:] for item in yaml.safe_load_all(open(path, encoding="utf-8")) if item]
    objects = Objects(items)
    expected = {
        ("prometheus", "recommender", 5000): True,
        ("grafana", "prometheus", 9090): True,
        ("grafana", "recommender", 5000): False,
        ("recommender", "prometheus", 9090): False,
    }
    wrong = [question for question, answer in expected.items() if reaches(objects, *question) != answer]
    for source, target, port in wrong:
        print(f"{source} reaches port {port} of {target}, or does not, against what is meant.", file=sys.stderr)
    (binding,) = (item for item in objects.of("RoleBinding"))
    subject = binding["subjects"][0]
    if not objects.has(subject["kind"], subject["name"], subject["namespace"]):
        wrong.append(binding)
        print("The RoleBinding for Prometheus names a ServiceAccount that is not there.", file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
