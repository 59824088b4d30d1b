"""Plain MLflow: traced functions, called three times inside a run."""

import mlflow


@mlflow.trace(name="retrieve", span_type="RETRIEVER")
def retrieve(question: str) -> list[str]:
    return [word.strip("?") for word in question.split()]


@mlflow.trace(attributes={"version": 1})
def answer(question: str) -> str:
    words = retrieve(question)
    with mlflow.start_span("join") as span:
        span.set_inputs({"words": words})
        text = " ".join(reversed(words))
        span.set_outputs({"text": text})
    return text


with mlflow.start_run(run_name="questions") as run:
    for question in ("what is it?", "who was here?", "how does this work?"):
        answer(question)
    mlflow.flush_trace_async_logging()
    traces = mlflow.search_traces(run_id=run.info.run_id, return_type="list")
    mlflow.log_metric("traces", len(traces))
    mlflow.set_tag("spans", sorted(span.name for trace in traces for span in trace.data.spans))
