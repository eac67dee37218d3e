"""Quantities as settings write them, and the numbers that they stand for.

Pure functions of texts that `infra.settings.kinds` has checked: lengths of time, memory, processors.
"""

_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_MEBIBYTES = {"Mi": 1, "Gi": 1_024, "Ti": 1_048_576}


def seconds(duration: str) -> int:
    """Return the seconds of a length of time.

    Args:
        duration: a whole number and a unit, as `30s`, `15m`, `12h` or `7d`.
    """
    return int(duration[:-1]) * _SECONDS[duration[-1]]


def mebibytes(memory: str) -> int:
    """Return the mebibytes of an amount of memory.

    Args:
        memory: a whole number and a unit, as `512Mi`, `8Gi` or `1Ti`.
    """
    return int(memory[:-2]) * _MEBIBYTES[memory[-2:]]


def millicores(cpu: str) -> int:
    """Return the thousandths of a processor.

    Args:
        cpu: a whole number of processors, or of thousandths with `m`, as `2` or `250m`.
    """
    return int(cpu[:-1]) if cpu.endswith("m") else 1_000 * int(cpu)
