#!/usr/bin/python3
"""Runs fuzzers with one seed after the other until each has had its processor time: fuzz_for.py MINUTES PROGRAM... (PROGRAM ROUNDS SEED).
Ended before that (a signal), it tells what was done."""
import os
import signal
import subprocess
import sys
import time

ROUNDS = 4000
minutes, programs = float(sys.argv[1]), sys.argv[2:]
signal.signal(signal.SIGTERM, signal.default_int_handler)
for program in programs:
    seed = int(time.time())
    first, spent, rounds, ended = seed, 0.0, 0, ""
    try:
        while spent < 60 * minutes:
            before = os.times()
            r = subprocess.run([program, str(ROUNDS), str(seed)], capture_output=True, text=True)
            after = os.times()
            if r.returncode:
                sys.exit(f"{program} {ROUNDS} {seed}: status {r.returncode}\n{r.stdout[-2000:]}{r.stderr[-6000:]}")
            spent += after.children_user + after.children_system - before.children_user - before.children_system
            rounds += ROUNDS
            seed += 1
    except KeyboardInterrupt:
        ended = ", then ended"
    print(f"{os.path.basename(program)}: {rounds} mutants in {spent / 60:.1f} minutes of processor time, seeds {first} to {seed - 1}: clean{ended}", flush=True)
    if ended:
        break
