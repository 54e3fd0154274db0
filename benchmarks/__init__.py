"""What a request through the door costs, beside a bare Envoy and beside the peers, in one run on one machine.

``python -m benchmarks`` (``make bench``) runs it; ``benchmarks/results`` holds what came out. From the outside in::

    __main__     options, progress, results
    run          stage everything, then rounds in shuffled order
    report plot  tables and picture          goals     which of the project's goals are met
    rounds       samples and their medians
    contestants  one module for each program that is measured: its configuration, and a check that it does its job
    logins       whole logins, one after the other, by many visitors at once
    visitor      the lean HTTP client of those visitors
    provider     an OpenID provider that answers quickly and asks nobody anything; a process of its own
    wrk          the load generator for everything else
    machine      cores, versions, CPU time and memory out of /proc
    processes    starting, pinning and ending what is measured
    packages     the Debian packages it takes

The proxy under test has one core for itself, everything else the other ones. Linux only.
"""
