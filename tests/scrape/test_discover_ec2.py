"""Instances of EC2, as a server that plays AWS has them."""

from __future__ import annotations

import boto3

from lgtm.model.secret import Secret
from lgtm.scrape.boto import BotoAws
from lgtm.scrape.config_discovery import AwsAccess, Ec2Discovery
from lgtm.scrape.discover_ec2 import Ec2Discoverer


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
    assert found["__meta_ec2_subnet_id"] == f",{found['__meta_ec2_primary_subnet_id']},"
    assert len(await Ec2Discoverer(Ec2Discovery(), aws).find()) == 3
