"""What is not about one message, in the document: who am I, health, metrics, orphans."""

from __future__ import annotations

from gateway.api.schemas import MeOut, OrphanList
from gateway.api.system import OrphanQuery
from gateway.errors import Code
from gateway.spec import examples
from gateway.spec.bodies import Liveness, Readiness
from gateway.spec.entry import Answer, Operation

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        method="get",
        path="/me",
        id="getMe",
        tag="Account",
        scope="read",
        summary="Whose key this is",
        description="The client a key belongs to, and what the key may do.",
        answers={200: Answer(description="The client and the scopes.", body=MeOut, example=examples.ME)},
    ),
    Operation(
        method="get",
        path="/health/live",
        id="getLiveness",
        tag="Operations",
        scope=None,
        summary="Is the process alive?",
        description="Answers as long as the process does. For a supervisor that restarts what hangs.",
        answers={200: Answer(description="It is.", body=Liveness, example=examples.ALIVE)},
    ),
    Operation(
        method="get",
        path="/health/ready",
        id="getReadiness",
        tag="Operations",
        scope=None,
        summary="Can messages be accepted?",
        description="Whether Redis is reachable, keeps what it is told and evicts nothing; and what an accepted "
        "message survives. Where they cannot be accepted the problem carries the same `store`. `providers` tells which "
        "vendors take requests now; one that is down makes nothing unready. For a load balancer.",
        answers={
            200: Answer(description="Messages are accepted.", body=Readiness, example=examples.READY),
        },
        problems=(Code.STORE_UNAVAILABLE,),
    ),
    Operation(
        method="get",
        path="/metrics",
        id="getMetrics",
        tag="Operations",
        scope=None,
        summary="Metrics for Prometheus",
        description="Counters and gauges of all processes of this gateway, in Prometheus' text format. The operator "
        "can switch them off: then this is 404.",
        answers={
            200: Answer(
                description="The metrics.",
                media_type="text/plain",
                schema={"type": "string"},
                example="# TYPE gateway_store_up gauge\ngateway_store_up 1\n",
            )
        },
        problems=(Code.NOT_FOUND,),
    ),
    Operation(
        method="get",
        path="/receipts/orphans",
        id="listOrphans",
        tag="Operations",
        scope="admin",
        summary="Receipts that match nothing",
        description="What vendors reported about messages, calls and activations this gateway does not know, newest "
        "first: usually another system uses the same vendor account. Each is kept as it came, and shown without what "
        "it says of people. When what it is about turns up it is applied, and is no orphan any more.",
        query=OrphanQuery,
        answers={200: Answer(description="One page.", body=OrphanList, example=examples.ORPHANS)},
        problems=(Code.STORE_UNAVAILABLE,),
    ),
)
