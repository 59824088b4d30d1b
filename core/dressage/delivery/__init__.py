"""Deliver the events of runs to observers, in a process for each workspace.

process.py      the process: decides which observer gets which run, and when to end
couriers.py     a thread for each observer: reads journals, delivers, retries
receivers.py    the process of one observer, as a courier sees it
serve.py        the same process from the inside: loads the observer and calls its hooks
"""
