"""What Kubernetes' schemas do not see: whether the objects of an installation fit together.

Usage: k8s_links.py BUILT.yaml. Prints one sentence for each fault and exits with 1 when there is one. What stands in
another installation is known by its name: the Secrets that operators make, and the ServiceAccount of Prometheus.
"""

import sys

import yaml

from k8s_network import faults_of_network

# Made by hand, as k8s/README.md and docs/deploy.md say.
SECRETS_BY_HAND = {"grafana-admin", "recommender-admin-key", "recommender-keys"}
PROBES = ("startupProbe", "livenessProbe", "readinessProbe")


class Objects:
    """The objects of one build, by kind."""

    def __init__(self, items):
        self.items = items

    def of(self, *kinds):
        """All objects of these kinds."""
        return [item for item in self.items if item["kind"] in kinds]

    def has(self, kind, name, namespace):
        """Whether there is one of this kind and name in a namespace."""
        return any(name_of(item) == name and namespace_of(item) == namespace for item in self.of(kind))

    def pods_of(self, selector, namespace):
        """The pod templates that a selector's labels find in a namespace."""
        return [
            deployment["spec"]["template"]
            for deployment in self.of("Deployment")
            if namespace_of(deployment) == namespace and selects(selector, labels_of(deployment["spec"]["template"]))
        ]


def name_of(item):
    return item["metadata"]["name"]


def namespace_of(item):
    return item["metadata"].get("namespace")


def labels_of(item):
    return item["metadata"].get("labels", {})


def selects(selector, labels):
    """Whether a selector's labels match a pod's; an empty selector counts as no match."""
    return bool(selector) and selector.items() <= labels.items()


def ports_of(template):
    """A pod's ports, by name and by number."""
    ports = [port for container in template["spec"]["containers"] for port in container.get("ports", [])]
    return {port.get("name") for port in ports} | {port["containerPort"] for port in ports}


def faults_of_deployment(deployment, objects):
    """Faults of a Deployment: its selector, what it mounts and reads, its probes, and the time it has to leave."""
    name, namespace = name_of(deployment), namespace_of(deployment)
    spec = deployment["spec"]
    template = spec["template"]
    pod = template["spec"]
    if not selects(spec["selector"].get("matchLabels"), labels_of(template)):
        yield f"Deployment {name} selects no pod of its own template."
    account = pod.get("serviceAccountName")
    if account and not objects.has("ServiceAccount", account, namespace):
        yield f"Deployment {name} runs as {account}, which is no ServiceAccount of its namespace."
    for source in sources_of(pod):
        kind, reference = source
        if kind == "Secret" and reference in SECRETS_BY_HAND:
            continue
        if not objects.has(kind, reference, namespace):
            yield f"Deployment {name} needs the {kind} {reference}, which is not there."
    volumes = {volume["name"] for volume in pod.get("volumes", [])}
    mounted = set()
    for container in pod.get("initContainers", []) + pod["containers"]:
        mounted |= {mount["name"] for mount in container.get("volumeMounts", [])}
        if ":" not in container["image"].rpartition("/")[2] or container["image"].endswith(":latest"):
            yield f"Deployment {name} does not pin the version of {container['image']}."
    for unknown in mounted - volumes:
        yield f"Deployment {name} mounts {unknown}, which is no volume of the pod."
    for unused in volumes - mounted:
        yield f"Deployment {name} has the volume {unused}, which nothing mounts."
    for container in pod["containers"]:
        for probe in PROBES:
            if probe not in container:
                yield f"Deployment {name} has no {probe}."
            elif container[probe]["httpGet"]["port"] not in ports_of(template):
                yield f"Deployment {name}: its {probe} asks a port that the container does not have."
    if name == "recommender":
        yield from faults_of_leaving(deployment, objects)


def sources_of(pod):
    """The ConfigMaps, Secrets and claims that a pod refers to."""
    for container in pod.get("initContainers", []) + pod["containers"]:
        for source in container.get("envFrom", []):
            for key, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
                if key in source:
                    yield kind, source[key]["name"]
        for variable in container.get("env", []):
            for key, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
                if key in variable.get("valueFrom", {}):
                    yield kind, variable["valueFrom"][key]["name"]
    for volume in pod.get("volumes", []):
        for source in [volume, *volume.get("projected", {}).get("sources", [])]:
            if "configMap" in source:
                yield "ConfigMap", source["configMap"]["name"]
            if "secret" in source:
                yield "Secret", source["secret"].get("secretName") or source["secret"]["name"]
            if "persistentVolumeClaim" in source:
                yield "PersistentVolumeClaim", source["persistentVolumeClaim"]["claimName"]


def faults_of_leaving(deployment, objects):
    """A pod that leaves needs time for preStop and drain together."""
    pod = deployment["spec"]["template"]["spec"]
    settings = {}
    for container in pod["containers"]:
        for source in container.get("envFrom", []):
            for item in objects.of("ConfigMap"):
                if name_of(item) == source["configMapRef"]["name"]:
                    settings |= item["data"]
        settings |= {variable["name"]: variable.get("value") for variable in container.get("env", [])}
        pause = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
    drain = int(settings.get("RECOMMENDER_DRAIN") or 0)
    if drain == 0:
        yield "The recommender's RECOMMENDER_DRAIN is not set."
    if pod.get("terminationGracePeriodSeconds", 30) <= pause + drain:
        yield f"The recommender is killed before its preStop ({pause} s) and drain ({drain} s) are over."


def faults_of_service(service, objects):
    """A Service has to select pods of its namespace, lead to a port of theirs, and use a node port that exists once."""
    name = name_of(service)
    templates = objects.pods_of(service["spec"].get("selector"), namespace_of(service))
    if not templates:
        yield f"Service {name} selects no Deployment's pods."
    for template in templates:
        for port in service["spec"]["ports"]:
            if port.get("targetPort", port["port"]) not in ports_of(template):
                yield f"Service {name} leads to port {port.get('targetPort')}, which its pods do not have."
    for port in service["spec"]["ports"]:
        if not 30000 <= port.get("nodePort", 30000) <= 32767:
            yield f"Service {name} asks for the node port {port['nodePort']}, outside of 30000 to 32767."


def faults_of_scaling(item, objects):
    """What scales or protects has to find what it scales or protects, and leave it room."""
    name, spec, namespace = name_of(item), item["spec"], namespace_of(item)
    label = f"{item['kind']} {name}"
    if item["kind"] == "PodDisruptionBudget":
        if not objects.pods_of(spec["selector"]["matchLabels"], namespace):
            yield f"{label} protects no pods."
        return
    target = spec["scaleTargetRef"]["name"]
    if not objects.has("Deployment", target, namespace):
        yield f"{label} scales {target}, which is not there."
    for deployment in objects.of("Deployment"):
        if name_of(deployment) == target and "replicas" in deployment["spec"]:
            yield f"{label} and the Deployment {target} both say how many replicas there are."
    least = spec.get("minReplicas", spec.get("minReplicaCount", 1))
    most = spec.get("maxReplicas", spec.get("maxReplicaCount", 1))
    if not 1 <= least < most:
        yield f"{label} scales from {least} to {most}."


def faults_of_ingress(ingress, objects):
    """Every path of an Ingress leads to a port of a Service."""
    for rule in ingress["spec"]["rules"]:
        for path in rule["http"]["paths"]:
            backend = path["backend"]["service"]
            ports = [
                key
                for service in objects.of("Service")
                if name_of(service) == backend["name"] and namespace_of(service) == namespace_of(ingress)
                for port in service["spec"]["ports"]
                for key in (port.get("name"), port["port"])
            ]
            if not set(backend["port"].values()) & set(ports):
                yield f"Ingress {name_of(ingress)} leads to {backend['name']}, which has no such port."


def faults(objects):
    """All faults of an installation."""
    if not objects.of("Deployment") or not objects.of("Service"):
        yield "There is no Deployment, or no Service."
    for deployment in objects.of("Deployment"):
        yield from faults_of_deployment(deployment, objects)
    for service in objects.of("Service"):
        yield from faults_of_service(service, objects)
    for item in objects.of("HorizontalPodAutoscaler", "ScaledObject", "PodDisruptionBudget"):
        yield from faults_of_scaling(item, objects)
    for ingress in objects.of("Ingress"):
        yield from faults_of_ingress(ingress, objects)
    used = [
        port["nodePort"] for service in objects.of("Service") for port in service["spec"]["ports"] if "nodePort" in port
    ]
    if len(used) != len(set(used)):
        yield "Two Services ask for one node port."
    yield from faults_of_network(objects)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        objects = Objects([item for item in yaml.safe_load_all(file) if item])
    found = list(faults(objects))
    for fault in found:
        print(fault, file=sys.stderr)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
