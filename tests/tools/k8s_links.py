"""What Kubernetes' schemas do not see: whether the objects of a built overlay fit together.

Usage: k8s_links.py BUILT.yaml. Prints one sentence for each fault and exits with 1 when there is one.
"""

import sys

import yaml


def selects(selector, labels):
    """Whether a selector matches a pod's labels; an empty one counts as no match."""
    return bool(selector) and selector.items() <= labels.items()


def faults_of_deployment(deployment):
    """Faults inside one Deployment: its selector, volumes, probes' ports, and the time it has to leave."""
    name, spec = deployment["metadata"]["name"], deployment["spec"]
    template = spec["template"]
    pod = template["spec"]
    if not selects(spec["selector"].get("matchLabels"), template["metadata"].get("labels", {})):
        yield f"Deployment {name} selects no pod of its own template."
    volumes = {volume["name"] for volume in pod.get("volumes", [])}
    for container in pod["containers"]:
        ports = {port.get("name") for port in container.get("ports", [])}
        ports |= {port["containerPort"] for port in container.get("ports", [])}
        for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
            if kind not in container:
                yield f"Deployment {name} has no {kind}."
            elif container[kind]["httpGet"]["port"] not in ports:
                yield f"Deployment {name}: its {kind} asks a port that the container does not have."
        for mount in container.get("volumeMounts", []):
            if mount["name"] not in volumes:
                yield f"Deployment {name} mounts {mount['name']}, which is no volume of the pod."
        env = {variable["name"]: variable.get("value") for variable in container.get("env", [])}
        pause = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        drain = int(env.get("RECOMMENDER_DRAIN") or 0)
        if drain == 0:
            yield f"Deployment {name} does not set RECOMMENDER_DRAIN."
        if pod.get("terminationGracePeriodSeconds", 30) <= pause + drain:
            yield f"Deployment {name} is killed before its preStop ({pause} s) and drain ({drain} s) are over."


def faults_of_service(service, deployments):
    """A Service has to select the pods of some Deployment in its namespace, and to lead to a port of theirs."""
    name = service["metadata"]["name"]
    templates = [
        deployment["spec"]["template"]
        for deployment in deployments
        if deployment["metadata"].get("namespace") == service["metadata"].get("namespace")
        and selects(service["spec"].get("selector"), deployment["spec"]["template"]["metadata"].get("labels", {}))
    ]
    if not templates:
        yield f"Service {name} selects no Deployment's pods."
    for template in templates:
        ports = {
            key
            for container in template["spec"]["containers"]
            for port in container.get("ports", [])
            for key in (port.get("name"), port["containerPort"])
        }
        for port in service["spec"]["ports"]:
            if port.get("targetPort", port["port"]) not in ports:
                yield f"Service {name} leads to port {port.get('targetPort')}, which its pods do not have."


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        objects = [item for item in yaml.safe_load_all(file) if item]
    deployments = [item for item in objects if item["kind"] == "Deployment"]
    services = [item for item in objects if item["kind"] == "Service"]
    faults = [] if deployments and services else ["There is no Deployment, or no Service."]
    for deployment in deployments:
        faults += faults_of_deployment(deployment)
    for service in services:
        faults += faults_of_service(service, deployments)
    for fault in faults:
        print(fault, file=sys.stderr)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
