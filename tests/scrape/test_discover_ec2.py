"""Instances of EC2, as a server that plays AWS has them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3

from lgtm.model.secret import Secret
from lgtm.scrape.aws import AwsUnavailable
from lgtm.scrape.boto import BotoAws
from lgtm.scrape.config_discovery import AwsAccess, Ec2Discovery
from lgtm.scrape.discover_ec2 import Ec2Discoverer


class Scripted:
    """Answers as AWS documents them. zones: ids by name; None: we may not ask."""

    region = "eu-west-1"

    def __init__(self, *instances: dict[str, Any], zones: dict[str, str] | None = None) -> None:
        self.instances, self.zones = instances, zones
        self.calls: list[str] = []

    def pages(self, service: str, operation: str, **arguments: Any) -> Iterator[dict[str, Any]]:
        yield {"Reservations": [{"Instances": [{"PrivateIpAddress": "10.0.0.1", **one} for one in self.instances]}]}

    def call(self, service: str, operation: str, **arguments: Any) -> dict[str, Any]:
        self.calls.append(operation)
        if self.zones is None:
            raise AwsUnavailable("not authorized")
        return {"AvailabilityZones": [{"ZoneName": name, "ZoneId": id_} for name, id_ in self.zones.items()]}


async def labels(aws: Scripted, name: str) -> list[str | None]:
    return [found.get(f"__meta_ec2_{name}") for found in await Ec2Discoverer(Ec2Discovery(), aws).find()]


def access(endpoint: str) -> AwsAccess:
    return AwsAccess(region="eu-west-1", endpoint=endpoint, access_key="a", secret_key=Secret("s"))


async def test_instances_are_targets_with_their_tags(endpoint: str) -> None:
    client = boto3.client("ec2", region_name="eu-west-1", endpoint_url=endpoint, aws_access_key_id="a", aws_secret_access_key="s")
    image = client.describe_images()["Images"][0]["ImageId"]
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "team/name", "Value": "x"}]}]
    client.run_instances(ImageId=image, MinCount=1, MaxCount=1, InstanceType="t3.micro", TagSpecifications=tags)
    client.run_instances(ImageId=image, MinCount=2, MaxCount=2)
    aws = BotoAws(access(endpoint))
    (found,) = await Ec2Discoverer(Ec2Discovery(port=9100, filters=(("tag:team/name", ("x",)),)), aws).find()
    assert found["__address__"] == f"{found['__meta_ec2_private_ip']}:9100"
    assert (found["__meta_ec2_tag_team_name"], found["__meta_ec2_instance_type"], found["__meta_ec2_region"]) == ("x", "t3.micro", "eu-west-1")
    assert found["__meta_ec2_instance_state"] == "running"
    assert found["__meta_ec2_availability_zone"].startswith("eu-west-1")
    zones = {zone["ZoneName"]: zone["ZoneId"] for zone in client.describe_availability_zones()["AvailabilityZones"]}
    assert found["__meta_ec2_availability_zone_id"] == zones[found["__meta_ec2_availability_zone"]]
    assert found["__meta_ec2_subnet_id"] == f",{found['__meta_ec2_primary_subnet_id']},"
    assert len(await Ec2Discoverer(Ec2Discovery(), aws).find()) == 3


async def test_ipv6_addresses_are_listed_between_commas() -> None:
    first = {"Attachment": {"DeviceIndex": 0}, "Ipv6Addresses": [{"Ipv6Address": "2001:db8::1"}, {"Ipv6Address": "2001:db8::2"}]}
    second = {"Attachment": {"DeviceIndex": 1}, "Ipv6Addresses": [{"Ipv6Address": "2001:db8::3", "IsPrimaryIpv6": True}]}
    aws = Scripted({"NetworkInterfaces": [first, second]}, {"NetworkInterfaces": [{"Ipv6Addresses": []}]}, {})
    assert await labels(aws, "ipv6_addresses") == [",2001:db8::1,2001:db8::2,2001:db8::3,", None, None]
    assert await labels(aws, "primary_ipv6_addresses") == [",,2001:db8::3,", None, None]


async def test_ids_of_zones_are_asked_for_once_where_instances_do_not_have_them() -> None:
    with_id = {"Placement": {"AvailabilityZone": "a", "AvailabilityZoneId": "az9"}}
    without, elsewhere = {"Placement": {"AvailabilityZone": "a"}}, {"Placement": {"AvailabilityZone": "z"}}
    aws = Scripted(with_id, zones={"a": "az1"})
    assert (await labels(aws, "availability_zone_id"), aws.calls) == (["az9"], [])
    aws = Scripted(without, with_id, elsewhere, {}, zones={"a": "az1"})
    assert await labels(aws, "availability_zone_id") == ["az1", "az9", None, None]
    assert aws.calls == ["describe_availability_zones"]


async def test_targets_are_found_where_ids_of_zones_may_not_be_asked_for() -> None:
    placed = {"Placement": {"AvailabilityZone": "a"}}
    aws = Scripted(placed, placed)
    assert await labels(aws, "availability_zone") == ["a", "a"]
    assert len(aws.calls) == 1
    discoverer = Ec2Discoverer(Ec2Discovery(), aws)
    await discoverer.find()
    aws.zones = {"a": "az1"}
    assert [found["__meta_ec2_availability_zone_id"] for found in await discoverer.find()] == ["az1", "az1"]
