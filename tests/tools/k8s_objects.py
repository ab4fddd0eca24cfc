"""The Kubernetes objects of a build, and what the checks read from them."""

import yaml


class Objects:
    """The objects of some files, by kind."""

    def __init__(self, *paths):
        self.items = []
        for path in paths:
            with open(path, encoding="utf-8") as file:
                self.items += [item for item in yaml.safe_load_all(file) if item]

    def of(self, *kinds):
        """All objects of these kinds."""
        return [item for item in self.items if item["kind"] in kinds]

    def has(self, kind, name, namespace):
        """Whether there is an object of this kind and name in a namespace."""
        return any(name_of(item) == name and namespace_of(item) == namespace for item in self.of(kind))

    def pods_of(self, selector, namespace):
        """The pod templates in a namespace whose labels match a selector's; an empty selector matches none."""
        templates = [item["spec"]["template"] for item in self.of("Deployment") if namespace_of(item) == namespace]
        return [template for template in templates if selector and selector.items() <= labels_of(template).items()]


def name_of(item):
    return item["metadata"]["name"]


def namespace_of(item):
    return item["metadata"].get("namespace")


def labels_of(item):
    return item["metadata"].get("labels", {})


def ports_of(template):
    """A pod's ports, each by name and by number."""
    ports = [port for container in template["spec"]["containers"] for port in container.get("ports", [])]
    return [{port.get("name"), port["containerPort"]} for port in ports]
