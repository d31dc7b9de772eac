"""Instances of EC2 as targets, with the labels that Prometheus gives them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from lgtm.scrape.aws import Aws, AwsUnavailable, tag_labels
from lgtm.scrape.config_discovery import Ec2Discovery
from lgtm.scrape.discoverer import Found
from lgtm.scrape.target import ADDRESS
from lgtm.telemetry import event

logger = logging.getLogger(__name__)

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
Described = Mapping[str, Any]


class Ec2Discoverer:
    def __init__(self, config: Ec2Discovery, aws: Aws) -> None:
        self.refresh_ns = config.refresh_ns
        self._config, self._aws = config, aws
        self._zone_ids: dict[str, str] | None = None

    async def find(self) -> Found:
        return await asyncio.to_thread(self._find)

    def _find(self) -> Found:
        self._zone_ids = self._zone_ids or None  # what failed is tried anew, once for all instances
        filters = [{"Name": name, "Values": list(values)} for name, values in self._config.filters]
        pages = self._aws.pages("ec2", "describe_instances", **({"Filters": filters} if filters else {}))
        reservations = [reservation for page in pages for reservation in page["Reservations"]]
        return [
            self._labels(instance, reservation)
            for reservation in reservations
            for instance in reservation["Instances"]
            if instance.get("PrivateIpAddress")
        ]

    def _labels(self, instance: Described, reservation: Described) -> dict[str, str]:
        placement, interfaces = instance.get("Placement", {}), instance.get("NetworkInterfaces", ())
        labels = {PREFIX + name: str(instance.get(key) or "") for name, key in _FIELDS.items()}
        labels |= {
            PREFIX + "availability_zone": placement.get("AvailabilityZone", ""),
            PREFIX + "availability_zone_id": placement.get("AvailabilityZoneId") or self._zone_id(placement.get("AvailabilityZone", "")),
            PREFIX + "instance_state": instance.get("State", {}).get("Name", ""),
            PREFIX + "owner_id": reservation.get("OwnerId", ""),
            PREFIX + "region": self._aws.region,
            PREFIX + "subnet_id": _listed(sorted({one["SubnetId"] for one in interfaces if one.get("SubnetId")})),
            PREFIX + "ipv6_addresses": _listed([address for one in interfaces for address, _ in _ipv6(one)]),
            PREFIX + "primary_ipv6_addresses": _listed(_primary_ipv6(interfaces)),
        }
        labels |= tag_labels(PREFIX + "tag_", instance.get("Tags", ()))
        return {ADDRESS: f"{instance['PrivateIpAddress']}:{self._config.port}", **{name: value for name, value in labels.items() if value}}

    def _zone_id(self, zone: str) -> str:
        """The name of a zone means another one for each account, its id does not. Empty where AWS does not let us ask: that costs a label only."""
        if zone and self._zone_ids is None:
            try:
                zones = self._aws.call("ec2", "describe_availability_zones")["AvailabilityZones"]
            except AwsUnavailable as error:
                event(logger, logging.DEBUG, "ids of availability zones cannot be asked for", error=error)
                zones = ()
            self._zone_ids = {one["ZoneName"]: one.get("ZoneId", "") for one in zones}
        return (self._zone_ids or {}).get(zone, "")


def _ipv6(interface: Described) -> list[tuple[str, bool]]:
    """Addresses, and whether they are the primary ones."""
    addresses = interface.get("Ipv6Addresses", ())
    return [(one["Ipv6Address"], bool(one.get("IsPrimaryIpv6"))) for one in addresses if one.get("Ipv6Address")]


def _primary_ipv6(interfaces: Sequence[Described]) -> list[str]:
    """Each at the index of its device, with nothing at those that have none."""
    found = {one.get("Attachment", {}).get("DeviceIndex", 0): address for one in interfaces for address, is_primary in _ipv6(one) if is_primary}
    return [found.get(at, "") for at in range(max(found) + 1)] if found else []


def _listed(values: Sequence[str]) -> str:
    """`,a,b,` as Prometheus writes lists, so that a regex finds an element by its commas."""
    return f",{','.join(values)}," if values else ""
