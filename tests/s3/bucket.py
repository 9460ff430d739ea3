"""What tests/s3/run.sh asks of a bucket that the program itself never does."""

import os
import socket
import sys
import time
from datetime import datetime, timedelta, timezone

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError


def client():
    config = Config(s3={"addressing_style": "path"}, retries={"max_attempts": 2})
    return boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT"], region_name="us-east-1", config=config)


def ready():
    for _ in range(150):
        try:
            client().list_buckets()
            return 0
        except (BotoCoreError, ClientError):
            time.sleep(0.2)
    return 1


def create(name):
    client().create_bucket(Bucket=name)
    return 0


def create_locked(name, retention):
    """A bucket with object lock: every object is kept from the start (`default`), or when somebody says so (`later`)."""
    s3 = client()
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    if retention == "later":
        return 0
    rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}}
    s3.put_object_lock_configuration(
        Bucket=name, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
    )
    return 0


def keys(name, prefix):
    for page in client().get_paginator("list_objects_v2").paginate(Bucket=name, Prefix=prefix):
        yield from (o["Key"] for o in page.get("Contents", []))


def count(name, prefix):
    print(sum(1 for _ in keys(name, prefix)))
    return 0


def retain(name):
    """Keeps every version there is for a day."""
    s3, until = client(), datetime.now(timezone.utc) + timedelta(days=1)
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
        for version in page.get("Versions", []):
            s3.put_object_retention(
                Bucket=name,
                Key=version["Key"],
                VersionId=version["VersionId"],
                Retention={"Mode": "COMPLIANCE", "RetainUntilDate": until},
            )
    return 0


def refuses_delete(name, prefix):
    """Whether no version of the first object can be deleted for good."""
    s3, key = client(), next(iter(keys(name, prefix)))
    versions = s3.list_object_versions(Bucket=name, Prefix=key).get("Versions", [])
    for version in versions:
        try:
            s3.delete_object(Bucket=name, Key=key, VersionId=version["VersionId"])
        except ClientError:
            continue
        return 1
    return 0 if versions else 1


def free_port():
    # Below 50000: SeaweedFS takes the port 10000 above as well.
    for port in range(20000 + os.getpid() % 20000, 50000):
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) != 0:
                print(port)
                return 0
    return 1


COMMANDS = {
    "free-port": free_port,
    "ready": ready,
    "create": create,
    "create-locked": create_locked,
    "retain": retain,
    "count": count,
    "refuses-delete": refuses_delete,
}

if __name__ == "__main__":
    try:
        sys.exit(COMMANDS[sys.argv[1]](*sys.argv[2:]))
    except (BotoCoreError, ClientError) as error:
        sys.exit(str(error))
