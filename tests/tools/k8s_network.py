"""NetworkPolicies: every namespace denies all traffic by default, and every exposed port has a rule that allows it.

Usage as a program: k8s_network.py BUILT.yaml BUILT.yaml, for the recommender and its monitoring: Prometheus reaches the
recommender, Grafana reaches Prometheus, and no other connection between them is possible.
"""

import sys

from k8s_objects import Objects, labels_of, name_of, namespace_of, ports_of
from server import report


def policies(objects, namespace):
    return [item for item in objects.of("NetworkPolicy") if namespace_of(item) == namespace]


def faults_of_network(objects):
    """Faults of the NetworkPolicies of an installation."""
    for namespace in {namespace_of(item) for item in objects.of("Deployment")}:
        if not any(denies_all(policy) for policy in policies(objects, namespace)):
            yield f"Namespace {namespace} has no NetworkPolicy that denies all by default."
    for policy in objects.of("NetworkPolicy"):
        chosen = policy["spec"]["podSelector"].get("matchLabels")
        if chosen and not objects.pods_of(chosen, namespace_of(policy)):
            yield f"NetworkPolicy {name_of(policy)} matches no pods."
    for service in objects.of("Service"):
        if service["spec"].get("type") in ("NodePort", "LoadBalancer"):
            yield from faults_of_exposed(service, objects)
    for ingress in objects.of("Ingress"):
        yield from faults_of_ingress_path(ingress, objects)
    for deployment in objects.of("Deployment"):
        if name_of(deployment) == "recommender":
            yield from faults_of_egress(deployment, objects)


def denies_all(policy):
    """Whether a policy matches every pod, and allows nothing in either direction."""
    spec = policy["spec"]
    both = set(spec["policyTypes"]) == {"Ingress", "Egress"}
    return both and not spec["podSelector"] and not spec.get("ingress") and not spec.get("egress")


def matches(policy, template):
    """Whether a policy matches a pod."""
    return policy["spec"]["podSelector"].get("matchLabels", {}).items() <= labels_of(template).items()


def rules_for(template, port, objects, namespace):
    """The ingress rules that allow connections to a pod's port, given by name or by number."""
    keys = set().union(*(known for known in ports_of(template) if port in known))
    for policy in policies(objects, namespace):
        for rule in policy["spec"].get("ingress", []) if matches(policy, template) else []:
            if "ports" not in rule or any(allowed["port"] in keys for allowed in rule["ports"]):
                yield rule


def faults_of_exposed(service, objects):
    """Clients of a node port have any address, so the rule for its pods must name no peers."""
    namespace = namespace_of(service)
    for template in objects.pods_of(service["spec"]["selector"], namespace):
        for port in service["spec"]["ports"]:
            rules = rules_for(template, port.get("targetPort", port["port"]), objects, namespace)
            if not any("from" not in rule for rule in rules):
                yield f"Service {name_of(service)} exposes port {port['port']}, but no NetworkPolicy allows clients."


def faults_of_ingress_path(ingress, objects):
    """The pods behind an Ingress must allow connections from the ingress controller's namespace."""
    namespace = namespace_of(ingress)
    wanted = {"kubernetes.io/metadata.name": f"ingress-{ingress['spec']['ingressClassName']}"}
    for deployment in objects.of("Deployment"):
        template = deployment["spec"]["template"]
        peers = [
            peer.get("namespaceSelector", {}).get("matchLabels")
            for rule in rules_for(template, "http", objects, namespace)
            for peer in rule.get("from", [])
        ]
        if wanted not in peers:
            yield f"No NetworkPolicy allows the ingress controller to connect to {name_of(deployment)}."


def faults_of_egress(deployment, objects):
    """The server opens no connection, so no policy may allow one."""
    for policy in policies(objects, namespace_of(deployment)):
        if matches(policy, deployment["spec"]["template"]) and policy["spec"].get("egress"):
            yield f"NetworkPolicy {name_of(policy)} allows the server to open connections."


def allows(peers, namespace, template, own_namespace):
    """Whether one of a rule's peers is a pod of a namespace; a rule without peers allows all."""
    if peers is None:
        return True
    for peer in peers:
        wanted = peer.get("namespaceSelector", {}).get("matchLabels", {"kubernetes.io/metadata.name": own_namespace})
        labels = peer.get("podSelector", {}).get("matchLabels", {})
        if wanted == {"kubernetes.io/metadata.name": namespace} and labels.items() <= labels_of(template).items():
            return True
    return False


def reaches(objects, source, target, port):
    """Whether a Deployment's pods may open a connection to a port of another's: both sides must allow it."""
    pods = {name_of(item): item for item in objects.of("Deployment")}
    source, target = pods[source], pods[target]
    here, there = namespace_of(source), namespace_of(target)
    egress = any(
        allows(rule.get("to"), there, target["spec"]["template"], here)
        for policy in policies(objects, here)
        if matches(policy, source["spec"]["template"])
        for rule in policy["spec"].get("egress", [])
        if "ports" not in rule or any(known["port"] == port for known in rule["ports"])
    )
    ingress = any(
        allows(rule.get("from"), here, source["spec"]["template"], there)
        for rule in rules_for(target["spec"]["template"], port, objects, there)
    )
    return egress and ingress


def faults_of_connections(objects):
    """Faults of the connections between the recommender and its monitoring, and of Prometheus' access to the API."""
    expected = {
        ("prometheus", "recommender", 5000): True,
        ("grafana", "prometheus", 9090): True,
        ("grafana", "recommender", 5000): False,
        ("recommender", "prometheus", 9090): False,
    }
    for (source, target, port), is_allowed in expected.items():
        if reaches(objects, source, target, port) != is_allowed:
            yield f"{source} must {'' if is_allowed else 'not '}reach port {port} of {target}."
    (binding,) = objects.of("RoleBinding")
    subject = binding["subjects"][0]
    if not objects.has(subject["kind"], subject["name"], subject["namespace"]):
        yield "The RoleBinding for Prometheus names a ServiceAccount that does not exist."


if __name__ == "__main__":
    report(faults_of_connections(Objects(*sys.argv[1:])))
