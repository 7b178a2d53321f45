"""Taking expired holds back without anybody who needs their units."""

from datetime import datetime

from apps.orders.holding.statements import (
    Ending,
    any_expired,
    end_holds,
    lock_expired,
    released,
)
from apps.orders.metrics import count_taken_back
from apps.orders.microservice_communication import read_products, take_stock
from apps.orders.placing.holds import EXPIRED
from monoservices.database.engines import engine

ACTOR = "housekeeper"


def sweep_expired_holds(limit: int = 500, *, at: datetime | None = None) -> int:
    """Cancel expired holds, the oldest first, put their stock back and return how many there were.

    One transaction, whose number of statements does not depend on how many holds there are. Holds
    that another transaction has locked are left to it, so that several can sweep at a time.
    limit: how many at most. at: the moment it happens; now where it is None.
    Raises OperationalError for a passing fault of the database; then nothing has changed.
    """
    if not any_expired(at):  # every transaction makes others wait on SQLite
        return 0
    with engine().pipelined_transaction():
        holds = lock_expired(limit=limit, at=at)
        if not holds:
            return 0
        read_products(ids={key for hold in holds for key in hold.units}, lock="wait")
        endings = [Ending(hold, EXPIRED, ACTOR) for hold in holds]
        end_holds(endings, at=at or engine().now())  # after the locks of products
        take_stock(moves=released(endings), at=at)
    count_taken_back(len(endings), by=ACTOR)
    return len(endings)
