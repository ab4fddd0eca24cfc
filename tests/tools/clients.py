"""The API with its real clients: the official openai package, langchain-openai and curl.

Run it by with-server.sh, which sets BASE_URL. For the refusals it starts a second server, with keys and room for one
request.
"""

import base64
import hashlib
import json
import os
import struct
import subprocess
import sys
import time

import openai
from langchain_openai import ChatOpenAI, OpenAIEmbeddings

from server import Server, temporary_folder

BASE = os.environ["BASE_URL"]
QUESTION = "Which headphones have good bass?"
SCHEMA = {
    "type": "object",
    "properties": {"product": {"type": "string", "maxLength": 30}, "stars": {"type": "integer", "minimum": 1, "maximum": 5}},
    "required": ["product", "stars"],
    "additionalProperties": False,
}
client = openai.OpenAI(base_url=f"{BASE}/v1", api_key="none", max_retries=0, timeout=120)
MODEL = client.models.list().data[0].id
EMBEDDER = "all-MiniLM-L6-v2"


def ask(messages=None, **settings):
    """A short greedy answer of the chat model."""
    settings = {"model": MODEL, "temperature": 0, "max_completion_tokens": 16, **settings}
    messages = messages or [{"role": "user", "content": "Count from one to ten."}]
    return client.chat.completions.create(messages=messages, **settings)


def refused(kind, call, code=None):
    """The typed exception that a call raises."""
    try:
        call()
    except kind as error:
        assert type(error) is kind, f"{type(error)} instead of {kind}"
        assert code is None or error.code == code, f"{error.code} instead of {code}"
        return error
    raise AssertionError(f"{kind.__name__} was not raised")


def models():
    names = [model.id for model in client.models.list()]
    assert names == [MODEL, "recommender", EMBEDDER], names
    assert client.models.retrieve("recommender").object == "model"


def chat_plain():
    answer = ask()
    choice = answer.choices[0]
    assert choice.message.content and choice.finish_reason == "length"
    assert answer.usage.completion_tokens == 16
    assert answer.usage.prompt_tokens_details.cached_tokens >= 0
    # The package's answer object goes back into the conversation unchanged.
    again = ask([{"role": "user", "content": "Hi"}, choice.message, {"role": "user", "content": "Go on."}])
    assert again.choices[0].message.content


def chat_streamed():
    whole = ask().choices[0].message.content
    chunks = list(ask(stream=True, stream_options={"include_usage": True}))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == whole
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-1].usage.completion_tokens == 16 and not chunks[-1].choices
    assert all(chunk.usage is None for chunk in chunks[:-1])
    assert len({chunk.id for chunk in chunks}) == 1
    # The package's own helper joins the chunks.
    settings = {"messages": [{"role": "user", "content": "Count from one to ten."}], "temperature": 0}
    with client.chat.completions.stream(model=MODEL, stop=[whole[5:10]], **settings) as stream:
        assert whole.startswith(stream.get_final_completion().choices[0].message.content)


def chat_settings():
    content_of = lambda answer: answer.choices[0].message.content
    warm = {"temperature": 1.3, "top_p": 0.9, "seed": 11, "presence_penalty": 0.2, "frequency_penalty": 0.1}
    assert content_of(ask(**warm)) == content_of(ask(**warm))
    assert content_of(ask(extra_body={"top_k": 1, "min_p": 0.1}, temperature=1, seed=1)) == content_of(ask())
    whole = content_of(ask())
    stopped = ask(stop=[whole[5:10]])
    assert content_of(stopped) == whole[: whole.index(whole[5:10])] and stopped.choices[0].finish_reason == "stop"
    likely = ask(logprobs=True, top_logprobs=3).choices[0].logprobs.content
    assert len(likely) == 16 and bytes(sum((token.bytes for token in likely), [])).decode() == whole
    assert all(len(token.top_logprobs) == 3 and token.logprob <= 0 for token in likely)
    streamed = ask(logprobs=True, top_logprobs=3, stream=True)
    pieces = [chunk.choices[0].logprobs for chunk in streamed if chunk.choices[0].logprobs]
    assert [token.logprob for piece in pieces for token in piece.content] == [token.logprob for token in likely]
    assert content_of(ask(logit_bias={str(tokens(likely[0].token)[0]): -100})) != whole
    parts = [
        {"role": "developer", "content": "You are brief."},
        {"role": "user", "content": [{"type": "text", "text": "Say "}, {"type": "text", "text": "yes."}]},
    ]
    text = [{"role": "system", "content": "You are brief."}, {"role": "user", "content": "Say yes."}]
    assert content_of(ask(parts)) == content_of(ask(text))
    ignored = {"user": "u", "store": False, "metadata": {"a": "b"}, "service_tier": "auto"}
    assert content_of(ask(**ignored)) == whole


def chat_schema():
    form = {"type": "json_schema", "json_schema": {"name": "review", "strict": True, "schema": SCHEMA}}
    question = [{"role": "user", "content": "Give a product and its stars as JSON."}]
    value = json.loads(ask(question, response_format=form, max_completion_tokens=100).choices[0].message.content)
    assert set(value) == {"product", "stars"} and 1 <= value["stars"] <= 5, value


def assistant():
    settings = {"model": "recommender", "messages": [{"role": "user", "content": QUESTION}]}
    answer = client.chat.completions.create(**settings)
    message = answer.choices[0].message
    assert message.annotations, answer
    for annotation in message.annotations:
        citation = annotation.url_citation
        number = int(message.content[citation.start_index : citation.end_index].strip("[]"))
        evidence = answer.model_extra["evidence"][number - 1]
        assert citation.url == f"/api/reviews/{evidence['review_id']}" and citation.title == evidence["product_title"]
    raw = client.chat.completions.with_raw_response.create(**settings, temperature=1)
    assert "temperature" in raw.headers["warning"]
    chunks = list(client.chat.completions.create(**settings, stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == message.content
    assert chunks[0].model_extra["evidence"] == answer.model_extra["evidence"]
    with client.chat.completions.stream(**settings) as stream:
        again = stream.get_final_completion().choices[0].message
    assert [note.url_citation for note in again.annotations] == [note.url_citation for note in message.annotations]


def embeddings():
    texts = ["The battery lasts two days.", "A loud fan."]
    # The package asks for base64 unless it is told otherwise, and decodes it.
    coded = client.embeddings.create(model=EMBEDDER, input=texts)
    numbers = client.embeddings.create(model=EMBEDDER, input=texts, encoding_format="float")
    for one, other in zip(coded.data, numbers.data):
        assert len(one.embedding) == 384
        assert max(abs(a - b) for a, b in zip(one.embedding, other.embedding)) < 1e-6
    assert coded.usage.prompt_tokens == numbers.usage.total_tokens > 0
    raw = curl("/v1/embeddings", {"model": EMBEDDER, "input": texts[0], "encoding_format": "base64"})[1]
    vector = struct.unpack("<384f", base64.b64decode(raw["data"][0]["embedding"]))
    assert max(abs(a - b) for a, b in zip(vector, numbers.data[0].embedding)) < 1e-6


def langchain():
    settings = {"base_url": f"{BASE}/v1", "api_key": "none", "max_retries": 0}
    chat = ChatOpenAI(model=MODEL, temperature=0, max_tokens=16, **settings)
    answer = chat.invoke("Count from one to ten.")
    assert answer.content and answer.usage_metadata["output_tokens"] == 16
    assert "".join(chunk.content for chunk in chat.stream("Count from one to ten.")) == answer.content
    grounded = ChatOpenAI(model="recommender", **settings).invoke(QUESTION)
    assert "[1]" in grounded.content
    texts = ["The battery lasts two days.", "A loud fan."]
    embedder = OpenAIEmbeddings(model=EMBEDDER, check_embedding_ctx_length=False, **settings)
    assert [len(vector) for vector in embedder.embed_documents(texts)] == [384, 384]
    hint = refused(openai.BadRequestError, lambda: client.embeddings.create(model=EMBEDDER, input=[1, 2, 3]))
    assert "check_embedding_ctx_length=False" in str(hint)


def curl(path, body=None, *words, base=BASE):
    """Status and JSON, by curl."""
    command = ["curl", "-sS", "-w", "\n%{http_code}", *words, base + path]
    if body is not None:
        command += ["--json", json.dumps(body)]
    text, _, status = subprocess.run(command, check=True, capture_output=True, text=True).stdout.rpartition("\n")
    return int(status), json.loads(text) if text else None


def tokens(text):
    return curl("/tokenize", {"content": text})[1]["tokens"]


def by_hand():
    text = "Käthe's kettle ☕ costs ₹1,499!"
    assert curl("/detokenize", {"tokens": tokens(text)}) == (200, {"content": text})
    stream = subprocess.run(
        ["curl", "-sSN", f"{BASE}/v1/chat/completions", "--json",
         json.dumps({"model": MODEL, "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 3, "stream": True})],
        check=True, capture_output=True, text=True,
    ).stdout
    assert stream.endswith("data: [DONE]\n\n") and "event:" not in stream
    # A form on a page of another site.
    assert curl("/get", None, "-d", "msg=x", "-H", "Origin: http://evil.example")[0] == 403


def refusals():
    refused(openai.BadRequestError, lambda: ask(n=2))
    refused(openai.BadRequestError, lambda: ask(tools=[{"type": "function", "function": {"name": "f"}}]))
    error = refused(openai.BadRequestError, lambda: ask(extra_body={"colour": 1}))
    assert error.param == "colour", error.param
    refused(openai.BadRequestError, lambda: ask([{"role": "user", "content": "word " * 20000}]), "context_length_exceeded")
    refused(openai.NotFoundError, lambda: ask(model="gpt-4"), "model_not_found")
    refused(openai.NotFoundError, lambda: client.models.retrieve("gpt-4"), "model_not_found")


def refusals_of_a_small_server():
    """401, 503 and 429, of a server with one key that runs one request and lets none wait."""
    with temporary_folder() as folder:
        (folder / "keys").write_text(hashlib.sha256(b"right").hexdigest() + " user tests\n")
        words = f"--key-file {folder}/keys --max-running 1 --max-waiting 0"
        server = Server(folder, "small", words, index="target/tools/index")
        server.spawn()
        server.wait_for("/livez")
        of = lambda key: openai.OpenAI(base_url=f"http://{server.address}/v1", api_key=key, max_retries=0, timeout=120)
        refused(openai.AuthenticationError, of("wrong").models.list, "invalid_api_key")
        error = refused(openai.InternalServerError, of("right").models.list)
        assert error.status_code == 503 and error.type == "unavailable_error", error
        server.wait_for("/readyz")
        create = of("right").chat.completions.create
        settings = {"model": MODEL, "messages": [{"role": "user", "content": "Tell a long story."}]}
        with create(**settings, stream=True, max_tokens=4000, logit_bias={"2": -100, "0": -100}) as stream:
            next(stream)
            error = refused(openai.RateLimitError, lambda: create(**settings, max_tokens=1), "overloaded")
            assert int(error.response.headers["retry-after"]) >= 1


CHECKS = [
    models, chat_plain, chat_streamed, chat_settings, chat_schema, assistant, embeddings, langchain, by_hand, refusals,
    refusals_of_a_small_server,
]

for check in CHECKS:
    began = time.monotonic()
    try:
        check()
    except Exception:
        print(f"FAILED: {check.__name__}", file=sys.stderr)
        raise
    print(f"{check.__name__}: {time.monotonic() - began:.1f} s")
print(f"{len(CHECKS)} checks passed with openai {openai.__version__}, langchain-openai and curl.")
