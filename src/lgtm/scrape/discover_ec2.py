"""Instances of EC2 as targets, with the labels that Prometheus gives them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from lgtm.scrape.aws import Aws, tag_labels
from lgtm.scrape.config_discovery import Ec2Discovery
from lgtm.scrape.discoverer import Found
from lgtm.scrape.target import ADDRESS

PREFIX = "__meta_ec2_"
_FIELDS = {
    "ami": "ImageId",
    "architecture": "Architecture",
    "instance_id": "InstanceId",
    "instance_lifecycle": "InstanceLifecycle",
    "instance_type": "InstanceType",
    "platform": "Platform",
    "primary_subnet_id": "SubnetId",
    "private_dns_name": "PrivateDnsName",
    "private_ip": "PrivateIpAddress",
    "public_dns_name": "PublicDnsName",
    "public_ip": "PublicIpAddress",
    "vpc_id": "VpcId",
}


class Ec2Discoverer:
    def __init__(self, config: Ec2Discovery, aws: Aws) -> None:
        self.refresh_ns = config.refresh_ns
        self._config, self._aws = config, aws

    async def find(self) -> Found:
        return await asyncio.to_thread(self._find)

    def _find(self) -> Found:
        filters = [{"Name": name, "Values": list(values)} for name, values in self._config.filters]
        pages = self._aws.pages("ec2", "describe_instances", **({"Filters": filters} if filters else {}))
        reservations = [reservation for page in pages for reservation in page["Reservations"]]
        return [
            self._labels(instance, reservation)
            for reservation in reservations
            for instance in reservation["Instances"]
            if instance.get("PrivateIpAddress")
        ]

    def _labels(self, instance: Mapping[str, Any], reservation: Mapping[str, Any]) -> dict[str, str]:
        labels = {PREFIX + name: str(instance.get(key) or "") for name, key in _FIELDS.items()}
        labels |= {
            PREFIX + "availability_zone": instance.get("Placement", {}).get("AvailabilityZone", ""),
            PREFIX + "instance_state": instance.get("State", {}).get("Name", ""),
            PREFIX + "owner_id": reservation.get("OwnerId", ""),
            PREFIX + "region": self._aws.region,
            PREFIX + "subnet_id": _listed({one.get("SubnetId", "") for one in instance.get("NetworkInterfaces", ())}),
        }
        labels |= tag_labels(PREFIX + "tag_", instance.get("Tags", ()))
        return {ADDRESS: f"{instance['PrivateIpAddress']}:{self._config.port}", **{name: value for name, value in labels.items() if value}}


def _listed(values: set[str]) -> str:
    """`,a,b,` as Prometheus writes lists, so that a regex finds an element by its commas."""
    present = sorted(values - {""})
    return f",{','.join(present)}," if present else ""
