"""The mutations: for every invariant, what breaks it, and the test that must then fail.

The invariants are those of the architecture, by number; dates and amounts follow them. A mutation
is one exact piece of the source and what stands there instead.
"""

from dataclasses import dataclass

_UNIT = "tests/unit"
_STORE = "adapter/store"


@dataclass(frozen=True, slots=True)
class Mutation:
    """One defect: `old` occurs exactly once in `path` and becomes `new`; `test` then fails."""

    invariant: str
    defect: str
    path: str
    old: str
    new: str
    test: str


MUTATIONS = (
    Mutation(
        "1 claim",
        "two documents may claim one period",
        f"{_STORE}/tables/documents.py",
        '    Column("document_id", RowId, nullable=False, index=True),\n    Column("next_on"',
        '    Column("document_id", RowId, primary_key=True),\n    Column("next_on"',
        f"{_UNIT}/store/test_parallel.py"
        "::test_a_period_claimed_already_is_set_aside_and_the_rest_is_billed[sqlite]",
    ),
    Mutation(
        "1 claim",
        "a cancelled invoice gives its claim back",
        f"{_STORE}/transitions.py",
        "status is InvoiceStatus.CANCELLED and not uow.settings.cancelled_blocks",
        "status is InvoiceStatus.CANCELLED",
        f"{_UNIT}/store/test_run.py::test_a_cancelled_invoice_still_blocks_its_date[sqlite]",
    ),
    Mutation(
        "2 whole clients",
        "a page takes one kind of a client's due work",
        f"{_STORE}/run/load.py",
        "        rows = _placed(_rows(uow, kind, condition, client_ids))\n",
        "        found = [] if any(items.values()) else _rows(uow, kind, condition, client_ids)\n"
        "        rows = _placed(found)\n",
        f"{_UNIT}/store/test_run.py"
        "::test_what_is_due_of_a_client_on_one_day_is_one_invoice_of_every_kind[sqlite-False]",
    ),
    Mutation(
        "2 whole clients",
        "callers on PostgreSQL do not hold the clients of their page",
        f"{_STORE}/run/holding.py",
        "_LOCK_FREE = Prepared(_AMONG.order_by(_ID).with_for_update(skip_locked=True))",
        "_LOCK_FREE = Prepared(_AMONG.order_by(_ID))",
        f"{_UNIT}/store/test_parallel.py"
        "::test_success_is_not_answered_while_another_caller_holds_what_is_due[postgresql]",
    ),
    Mutation(
        "2 whole clients",
        "callers on MariaDB do not hold the clients of their page",
        f"{_STORE}/run/holding.py",
        ".order_by(_ID).with_for_update(skip_locked=not wait)",
        ".order_by(_ID)",
        f"{_UNIT}/store/test_parallel.py"
        "::test_success_is_not_answered_while_another_caller_holds_what_is_due[mariadb]",
    ),
    Mutation(
        "3 owner",
        "what is staged in SQL is claimed under the fence that it was read with",
        f"{_STORE}/run/plain/page.py",
        "        if moved != page.periods:\n            raise Conflict\n",
        "        del moved\n",
        f"{_UNIT}/store/test_fence.py"
        "::test_a_raised_fence_stands_on_the_claim[service-True-postgresql]",
    ),
    Mutation(
        "3 owner",
        "what is decided in Python is claimed under the fence that it was read with",
        f"{_STORE}/run/moves.py",
        "        if moved != len(rows):\n            raise Conflict\n",
        "        del moved\n",
        f"{_UNIT}/store/test_fence.py"
        "::test_a_raised_fence_stands_on_the_claim[recurring-False-mariadb]",
    ),
    Mutation(
        "4 issued is permanent",
        "a changed line leaves no trace",
        "adapter/backends/local/invoices/lines.py",
        '    uow.audit(context, "change_line", _NOUN, row["id"], detail)\n',
        "    del detail\n",
        f"{_UNIT}/backends/test_invoices.py"
        "::test_lines_are_added_changed_and_deleted_and_totals_follow",
    ),
    Mutation(
        "4 issued is permanent",
        "a refused change of lines is kept",
        f"{_STORE}/transitions.py",
        "    if total < 0:\n",
        "    if total is None:\n",
        f"{_UNIT}/backends/test_invoices.py::test_a_total_below_zero_is_refused_whole",
    ),
    Mutation(
        "5 numbers",
        "what was taken and rolled back is not given again",
        f"{_STORE}/unit_of_work.py",
        "                transaction.rollback()\n",
        "                transaction.commit()\n",
        f"{_UNIT}/store/test_parallel.py::test_numbers_stay_without_gaps_beside_rollbacks[sqlite]",
    ),
    Mutation(
        "5 numbers",
        "a block of numbers is one too long",
        f"{_STORE}/unit_of_work.py",
        "        taken = count * step\n",
        "        taken = count * step + (count > 1)\n",
        f"{_UNIT}/store/test_restart.py",
    ),
    Mutation(
        "6 cost",
        "an invoiced and unpaid item stays in the queue",
        "adapter/billing/items.py",
        "    due_on = None if spent or waits else periods.next_on\n",
        "    due_on = None if spent else periods.next_on\n",
        "tests/property/test_billing.py"
        "::test_every_due_item_is_claimed_exactly_once_and_credit_never_exceeds",
    ),
    Mutation(
        "7 restart",
        "a daily run that did not end counts as done",
        f"{_STORE}/run/record.py",
        "_RUNS.c.kind == DAILY, _RUNS.c.complete, _RUNS.c.started_at <= now",
        "_RUNS.c.kind == DAILY, _RUNS.c.started_at <= now",
        f"{_UNIT}/bridge/test_daily.py::test_a_run_that_did_not_end_is_due_again",
    ),
    Mutation(
        "7 restart",
        "ids are committed before their documents",
        f"{_STORE}/unit_of_work.py",
        "        if after is not None:\n            return after - taken\n",
        "        if after is not None:\n"
        '            self.connection.exec_driver_sql("COMMIT")\n'
        '            self.connection.exec_driver_sql("BEGIN IMMEDIATE")\n'
        "            return after - taken\n",
        f"{_UNIT}/store/test_restart.py",
    ),
    Mutation(
        "8 success means done",
        "a run past its time limit answers success",
        f"{_STORE}/run/driver.py",
        "        over_time = elapsed > self.config.time_limit_seconds\n",
        "        over_time = False\n",
        f"{_UNIT}/store/test_run.py::test_a_time_limit_keeps_committed_pages_and_says_so[sqlite]",
    ),
    Mutation(
        "8 success means done",
        "clients that another caller holds are not looked at again",
        f"{_STORE}/run/driver.py",
        "        self._look_again(elsewhere)\n",
        "",
        f"{_UNIT}/store/test_parallel.py"
        "::test_what_another_caller_holds_is_waited_for_and_billed_when_it_dies[postgresql]",
    ),
    Mutation(
        "9 time",
        "today is the date in UTC",
        "adapter/bridge/service.py",
        "today=now.astimezone(caller.account.zone).date(),",
        "today=now.astimezone(UTC).date(),",
        "tests/contract/test_contracts.py::test_the_exchanges_are_the_contracts"
        "[whmcs/geninvoices:at-midnight-in-new-york]",
    ),
    Mutation(
        "9 time",
        "the clock of production moves",
        "adapter/assemble/workplaces.py",
        "            if account.mode is Mode.PRODUCTION:\n                raise ClockFixed",
        "            if account.mode is None:\n                raise ClockFixed",
        f"{_UNIT}/cli/test_commands.py::test_a_production_clock_cannot_be_moved",
    ),
    Mutation(
        "dates",
        "an occurrence keeps the day of February",
        "adapter/billing/schedule.py",
        "    return advance(start_on, frequency.step, n)\n",
        "    for _ in range(n):\n        start_on = advance(start_on, frequency.step)\n"
        "    return start_on\n",
        "tests/oracle/test_dates.py::test_the_engine_agrees_on_some_days",
    ),
    Mutation(
        "dates",
        "a year has 52 weeks",
        "adapter/billing/schedule.py",
        "                return Step(months=12 * count)\n",
        "                return Step(days=364 * count)\n",
        "tests/oracle/test_dates.py::test_the_engine_agrees_on_some_days",
    ),
    Mutation(
        "amounts",
        "a half is rounded down",
        "adapter/billing/money.py",
        "(2 * dividend + divisor) // (2 * divisor)",
        "(2 * dividend + divisor - 1) // (2 * divisor)",
        "tests/oracle/test_amounts.py"
        "::test_some_random_documents_come_to_what_exact_fractions_say",
    ),
    Mutation(
        "amounts",
        "the remainder of a shared discount is lost",
        "adapter/billing/vat.py",
        "    shares[last] = Money(total.hundredths - others, total.currency)\n",
        "    del last, others\n",
        "tests/oracle/test_amounts.py"
        "::test_some_random_documents_come_to_what_exact_fractions_say",
    ),
)
