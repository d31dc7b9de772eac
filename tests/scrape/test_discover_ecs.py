"""Containers of ECS tasks: with an interface of their own, and on machines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lgtm.scrape.config_discovery import EcsDiscovery
from lgtm.scrape.discover_ecs import EcsDiscoverer

CLUSTER = "arn:aws:ecs:eu-west-1:1:cluster/main"
TASK = {
    "clusterArn": CLUSTER,
    "taskDefinitionArn": "arn:aws:ecs:eu-west-1:1:task-definition/shop:7",
    "group": "service:shop",
    "launchType": "FARGATE",
    "lastStatus": "RUNNING",
    "tags": [{"key": "team", "value": "x"}],
}


class Scripted:
    """Answers as AWS documents them. tasks: by the last part of their ARN."""

    region = "eu-west-1"

    def __init__(self, tasks: dict[str, dict[str, Any]]) -> None:
        self.tasks = tasks
        self.calls: list[str] = []

    def pages(self, service: str, operation: str, **arguments: Any) -> Iterator[dict[str, Any]]:
        self.calls.append(operation)
        match operation:
            case "list_clusters":
                yield {"clusterArns": [CLUSTER]}
            case "list_tasks":
                yield from ({"taskArns": [arn]} for arn in self.tasks)
            case _:
                assert (service, arguments) == ("ec2", {"InstanceIds": ["i-1"]})
                yield {"Reservations": [{"Instances": [{"InstanceId": "i-1", "PrivateIpAddress": "10.0.0.9"}]}]}

    def call(self, service: str, operation: str, **arguments: Any) -> dict[str, Any]:
        self.calls.append(operation)
        if operation == "describe_tasks":
            assert len(arguments["tasks"]) <= 100
            return {"tasks": [{"taskArn": arn, **self.tasks[arn]} for arn in arguments["tasks"]]}
        return {"containerInstances": [{"containerInstanceArn": arn, "ec2InstanceId": "i-1"} for arn in arguments["containerInstances"]]}


async def test_a_task_with_an_interface_of_its_own_is_asked_there() -> None:
    container = {"name": "app", "image": "shop:1", "networkInterfaces": [{"privateIpv4Address": "10.0.0.5"}], "networkBindings": [{"hostPort": 1}]}
    aws = Scripted({"t1": TASK | {"containers": [container]}})
    (found,) = await EcsDiscoverer(EcsDiscovery(port=9100), aws).find()
    assert found == {
        "__address__": "10.0.0.5:9100",
        "__meta_ecs_cluster": "main",
        "__meta_ecs_cluster_arn": CLUSTER,
        "__meta_ecs_container_image": "shop:1",
        "__meta_ecs_container_name": "app",
        "__meta_ecs_ip_address": "10.0.0.5",
        "__meta_ecs_last_status": "RUNNING",
        "__meta_ecs_launch_type": "FARGATE",
        "__meta_ecs_region": "eu-west-1",
        "__meta_ecs_service": "shop",
        "__meta_ecs_tag_task_team": "x",
        "__meta_ecs_task_arn": "t1",
        "__meta_ecs_task_definition": "shop:7",
        "__meta_ecs_task_group": "service:shop",
    }


async def test_a_task_on_a_machine_is_asked_at_the_ports_it_maps() -> None:
    containers = [
        {"name": "app", "networkBindings": [{"hostPort": 32768, "containerPort": 80}, {"hostPort": 32769, "containerPort": 81}]},
        {"name": "host"},
    ]
    aws = Scripted({"t1": TASK | {"containerInstanceArn": "c1", "containers": containers}})
    found = await EcsDiscoverer(EcsDiscovery(clusters=("main",), port=9100), aws).find()
    assert [(one["__address__"], one.get("__meta_ecs_container_port")) for one in found] == [
        ("10.0.0.9:32768", "80"),
        ("10.0.0.9:32769", "81"),
        ("10.0.0.9:9100", None),
    ]
    assert "list_clusters" not in aws.calls


async def test_a_container_without_an_address_is_no_target_yet() -> None:
    assert await EcsDiscoverer(EcsDiscovery(), Scripted({"t1": TASK | {"containers": [{"name": "app"}]}})).find() == []


async def test_many_tasks_are_described_a_hundred_at_a_time() -> None:
    container = {"name": "app", "networkInterfaces": [{"privateIpv4Address": "10.0.0.5"}]}
    aws = Scripted({f"t{number}": TASK | {"containers": [container]} for number in range(250)})
    assert len(await EcsDiscoverer(EcsDiscovery(), aws).find()) == 250
    assert aws.calls.count("describe_tasks") == 3
