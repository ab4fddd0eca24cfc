"""The rules as the Prometheus operator wants them: the same groups, inside an object of Kubernetes."""

HEAD = """\
# Written by `make dashboards` from monitoring/prometheus/rules/. The label `release` has to be the one that your
# operator's Prometheus selects by.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: recommender
  labels:
    release: prometheus
spec:
  groups:
"""


def text(folder):
    """The object's YAML, from the rule files of a folder."""
    groups = [path.read_text("utf-8").split("\ngroups:\n", 1)[1] for path in sorted(folder.glob("*.yml"))]
    lines = "\n".join(groups).splitlines()
    return HEAD + "".join(f"  {line}\n" if line else "\n" for line in lines)
