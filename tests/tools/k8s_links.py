"""References between the objects of an installation, which Kubernetes' schemas do not check.

Usage: k8s_links.py BUILT.yaml. Prints a sentence for each fault, and exits with 1 if there is one.
"""

import sys

from k8s_network import faults_of_network
from k8s_objects import Objects, labels_of, name_of, namespace_of, ports_of
from server import report

# Operators create these, as k8s/README.md and docs/deploy.md describe.
SECRETS_BY_HAND = {"grafana-admin", "recommender-admin-key", "recommender-keys"}
PROBES = ("startupProbe", "livenessProbe", "readinessProbe")


def faults_of_deployment(deployment, objects):
    """Faults of a Deployment: its selector, its volumes and sources, its probes, and its time to shut down."""
    name, namespace = name_of(deployment), namespace_of(deployment)
    spec = deployment["spec"]
    template = spec["template"]
    pod = template["spec"]
    if template not in objects.pods_of(spec["selector"].get("matchLabels"), namespace):
        yield f"Deployment {name} selects no pod of its own template."
    account = pod.get("serviceAccountName")
    if account and not objects.has("ServiceAccount", account, namespace):
        yield f"Deployment {name} runs as {account}, which is not a ServiceAccount of its namespace."
    for kind, reference in sources_of(pod):
        if kind == "Secret" and reference in SECRETS_BY_HAND:
            continue
        if not objects.has(kind, reference, namespace):
            yield f"Deployment {name} needs the {kind} {reference}, which does not exist."
    volumes = {volume["name"] for volume in pod.get("volumes", [])}
    mounted = set()
    for container in pod.get("initContainers", []) + pod["containers"]:
        mounted |= {mount["name"] for mount in container.get("volumeMounts", [])}
        if ":" not in container["image"].rpartition("/")[2] or container["image"].endswith(":latest"):
            yield f"Deployment {name} does not pin the version of {container['image']}."
    for unknown in mounted - volumes:
        yield f"Deployment {name} mounts {unknown}, which is not a volume of the pod."
    for unused in volumes - mounted:
        yield f"Deployment {name} has the volume {unused}, which no container mounts."
    for container in pod["containers"]:
        for probe in PROBES:
            if probe not in container:
                yield f"Deployment {name} has no {probe}."
            elif container[probe]["httpGet"]["port"] not in set().union(*ports_of(template)):
                yield f"Deployment {name}: its {probe} uses a port that the container does not have."
    if name == "recommender":
        yield from faults_of_shutdown(deployment, objects)


def sources_of(pod):
    """The kinds and names of the ConfigMaps, Secrets and claims that a pod refers to."""
    for container in pod.get("initContainers", []) + pod["containers"]:
        references = container.get("envFrom", []) + [item.get("valueFrom", {}) for item in container.get("env", [])]
        for reference in references:
            for key, source in reference.items():
                if key.startswith(("configMap", "secret")):
                    yield ("ConfigMap" if key.startswith("configMap") else "Secret"), source["name"]
    for volume in pod.get("volumes", []):
        for source in [volume, *volume.get("projected", {}).get("sources", [])]:
            if "configMap" in source:
                yield "ConfigMap", source["configMap"]["name"]
            if "secret" in source:
                yield "Secret", source["secret"].get("secretName") or source["secret"]["name"]
            if "persistentVolumeClaim" in source:
                yield "PersistentVolumeClaim", source["persistentVolumeClaim"]["claimName"]


def faults_of_shutdown(deployment, objects):
    """A pod that shuts down needs time for preStop and drain together."""
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
    """A Service must select pods of its namespace, target one of their ports, and have a valid node port."""
    name = name_of(service)
    templates = objects.pods_of(service["spec"].get("selector"), namespace_of(service))
    if not templates:
        yield f"Service {name} selects no Deployment's pods."
    for template in templates:
        for port in service["spec"]["ports"]:
            if port.get("targetPort", port["port"]) not in set().union(*ports_of(template)):
                yield f"Service {name} targets port {port.get('targetPort')}, which its pods do not have."
    for port in service["spec"]["ports"]:
        if not 30000 <= port.get("nodePort", 30000) <= 32767:
            yield f"Service {name} has the node port {port['nodePort']}, outside of 30000 to 32767."


def faults_of_scaling(item, objects):
    """An autoscaler or a disruption budget must match a Deployment, and have valid limits."""
    name, spec, namespace = name_of(item), item["spec"], namespace_of(item)
    label = f"{item['kind']} {name}"
    if item["kind"] == "PodDisruptionBudget":
        if not objects.pods_of(spec["selector"]["matchLabels"], namespace):
            yield f"{label} matches no pods."
        return
    target = spec["scaleTargetRef"]["name"]
    if not objects.has("Deployment", target, namespace):
        yield f"{label} scales {target}, which does not exist."
    for deployment in objects.of("Deployment"):
        if name_of(deployment) == target and "replicas" in deployment["spec"]:
            yield f"{label} and the Deployment {target} both set the number of replicas."
    least = spec.get("minReplicas", spec.get("minReplicaCount", 1))
    most = spec.get("maxReplicas", spec.get("maxReplicaCount", 1))
    if not 1 <= least < most:
        yield f"{label} scales from {least} to {most}."


def faults_of_ingress(ingress, objects):
    """Every path of an Ingress must target a port of a Service."""
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
                yield f"Ingress {name_of(ingress)} targets {backend['name']}, which has no such port."


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
        yield "Two Services have the same node port."
    yield from faults_of_network(objects)


if __name__ == "__main__":
    report(faults(Objects(sys.argv[1])))
