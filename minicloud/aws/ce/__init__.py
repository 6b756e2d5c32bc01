"""Cost Explorer on the wire, on the same bill as ``minicloud bill``: computed anew each time.

``costs`` are the days of the bill's lines under Cost Explorer's names, ``expressions`` its filters,
``time_buckets`` its days and months, ``usage`` and ``forecasts`` its operations.
"""
