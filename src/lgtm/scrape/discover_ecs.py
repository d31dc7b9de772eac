"""Containers of running ECS tasks as targets: one for each port that is mapped, or one with the configured port.

A task with a network interface of its own (awsvpc) is reached at its address, any other one at that of its EC2 instance.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from lgtm.scrape.aws import Aws, tag_labels
from lgtm.scrape.config_discovery import EcsDiscovery
from lgtm.scrape.discoverer import Found
from lgtm.scrape.target import ADDRESS

PREFIX = "__meta_ecs_"
_BATCH = 100
"""Tasks, or container instances, that one call describes."""
Described = Mapping[str, Any]


class EcsDiscoverer:
    def __init__(self, config: EcsDiscovery, aws: Aws) -> None:
        self.refresh_ns = config.refresh_ns
        self._config, self._aws = config, aws

    async def find(self) -> Found:
        return await asyncio.to_thread(self._find)

    def _find(self) -> Found:
        clusters = self._config.clusters or tuple(self._listed("list_clusters", "clusterArns"))
        return [labels for cluster in clusters for labels in self._of_cluster(cluster)]

    def _of_cluster(self, cluster: str) -> Iterator[dict[str, str]]:
        arns = self._listed("list_tasks", "taskArns", cluster=cluster, desiredStatus="RUNNING")
        tasks = [
            task
            for batch in _batches(list(arns))
            for task in self._aws.call("ecs", "describe_tasks", cluster=cluster, tasks=batch, include=["TAGS"])["tasks"]
        ]
        hosts = self._hosts(cluster, sorted({task["containerInstanceArn"] for task in tasks if task.get("containerInstanceArn")}))
        for task in tasks:
            common = self._task_labels(task)
            for container in task.get("containers", ()):
                yield from self._of_container(container, common, hosts.get(task.get("containerInstanceArn", ""), ""))

    def _of_container(self, container: Described, common: dict[str, str], host: str) -> Iterator[dict[str, str]]:
        own = next((one["privateIpv4Address"] for one in container.get("networkInterfaces", ()) if one.get("privateIpv4Address")), "")
        address = own or host
        if not address:
            return
        bindings = () if own else container.get("networkBindings", ())
        ports = [(str(one.get("hostPort", "")), str(one.get("containerPort", ""))) for one in bindings] or [(str(self._config.port), "")]
        for port, container_port in ports:
            labels = common | {
                PREFIX + "container_name": container.get("name", ""),
                PREFIX + "container_arn": container.get("containerArn", ""),
                PREFIX + "container_image": container.get("image", ""),
                PREFIX + "container_port": container_port,
                PREFIX + "ip_address": address,
            }
            yield {ADDRESS: f"{address}:{port}", **{name: value for name, value in labels.items() if value}}

    def _task_labels(self, task: Described) -> dict[str, str]:
        cluster, definition, group = (task.get(key, "") for key in ("clusterArn", "taskDefinitionArn", "group"))
        labels = {
            "cluster": cluster.rpartition("/")[2],
            "cluster_arn": cluster,
            "service": group.removeprefix("service:") if group.startswith("service:") else "",
            "task_group": group,
            "task_arn": task.get("taskArn", ""),
            "task_definition": definition.rpartition("/")[2],
            "launch_type": task.get("launchType", ""),
            "availability_zone": task.get("availabilityZone", ""),
            "desired_status": task.get("desiredStatus", ""),
            "last_status": task.get("lastStatus", ""),
            "health_status": task.get("healthStatus", ""),
            "region": self._aws.region,
        }
        return {PREFIX + name: value for name, value in labels.items()} | tag_labels(PREFIX + "tag_task_", task.get("tags", ()), "key", "value")

    def _hosts(self, cluster: str, arns: Sequence[str]) -> dict[str, str]:
        """Container instance → private address of its machine."""
        machines: dict[str, str] = {}
        for batch in _batches(arns):
            answer = self._aws.call("ecs", "describe_container_instances", cluster=cluster, containerInstances=batch)
            machines |= {one["containerInstanceArn"]: one["ec2InstanceId"] for one in answer["containerInstances"] if one.get("ec2InstanceId")}
        if not machines:
            return {}
        pages = self._aws.pages("ec2", "describe_instances", InstanceIds=sorted(set(machines.values())))
        found = {one["InstanceId"]: one.get("PrivateIpAddress", "") for page in pages for r in page["Reservations"] for one in r["Instances"]}
        return {arn: found.get(machine, "") for arn, machine in machines.items()}

    def _listed(self, operation: str, key: str, **arguments: Any) -> Iterator[str]:
        for page in self._aws.pages("ecs", operation, **arguments):
            yield from page[key]


def _batches(values: Sequence[str]) -> Iterator[list[str]]:
    rest = iter(values)
    while batch := list(islice(rest, _BATCH)):
        yield batch
