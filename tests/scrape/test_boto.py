"""AWS is asked through boto3, and what goes wrong there is one kind of error."""

from __future__ import annotations

import sys
from subprocess import run

import pytest

from lgtm.model.secret import Secret
from lgtm.scrape.aws import AwsUnavailable
from lgtm.scrape.boto import BotoAws
from lgtm.scrape.config_discovery import AwsAccess


def access(endpoint: str, **more: str) -> AwsAccess:
    return AwsAccess(region="eu-west-1", endpoint=endpoint, access_key="a", secret_key=Secret("s"), **more)


def test_operations_with_pages_and_without_are_answered(endpoint: str) -> None:
    aws = BotoAws(access(endpoint))
    assert aws.region == "eu-west-1"
    assert [page["Reservations"] for page in aws.pages("ec2", "describe_instances")] == [[]]
    assert aws.call("ecs", "list_clusters")["clusterArns"] == []


def test_nobody_there_is_an_error_that_names_the_operation() -> None:
    aws = BotoAws(access("http://127.0.0.1:1"))
    with pytest.raises(AwsUnavailable, match="ec2 describe_instances"):
        list(aws.pages("ec2", "describe_instances"))
    with pytest.raises(AwsUnavailable, match="ecs list_clusters"):
        aws.call("ecs", "list_clusters")


def test_a_node_that_asks_nothing_of_aws_does_not_wait_for_boto3() -> None:
    code = "import sys, lgtm.cli.main, lgtm.app.node; sys.exit('boto3' in sys.modules)"
    assert run([sys.executable, "-c", code], check=False).returncode == 0
