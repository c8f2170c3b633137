"""Contracts: exchanges as data, run in process or over HTTP. The format: contracts/README.md."""

from adapter.bridge.contracts.http import (
    HttpTarget,
    check_contracts,
    complete_credentials,
    http_transport,
)
from adapter.bridge.contracts.load import load_contracts
from adapter.bridge.contracts.model import (
    DEFAULT_TIME,
    DEFAULT_TODAY,
    AccountSpec,
    BadContract,
    Case,
    Contracts,
    CredentialSpec,
    RefusedBy,
    ReplySpec,
    RequestSpec,
    Skip,
    SkipWhere,
    Step,
    StepUse,
)
from adapter.bridge.contracts.reading import Decoded, Sample, decode_case, samples
from adapter.bridge.contracts.report import CaseResult, Outcome, Report
from adapter.bridge.contracts.run import (
    Session,
    Target,
    Transport,
    run_case,
    run_contracts,
)

__all__ = [
    "DEFAULT_TIME",
    "DEFAULT_TODAY",
    "AccountSpec",
    "BadContract",
    "Case",
    "CaseResult",
    "Contracts",
    "CredentialSpec",
    "Decoded",
    "HttpTarget",
    "Outcome",
    "RefusedBy",
    "ReplySpec",
    "Report",
    "RequestSpec",
    "Sample",
    "Session",
    "Skip",
    "SkipWhere",
    "Step",
    "StepUse",
    "Target",
    "Transport",
    "check_contracts",
    "complete_credentials",
    "decode_case",
    "http_transport",
    "load_contracts",
    "run_case",
    "run_contracts",
    "samples",
]
