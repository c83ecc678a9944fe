"""Asks a server by tritonclient or kserve, whose messages have the same names and so do not share a process, and prints what it got: JSON of the bits of float32."""

import asyncio
import json
import sys

import numpy as np

library, http_port, grpc_port, token = sys.argv[1:]
shape = [2, 6, 6, 3]
images = np.frombuffer(sys.stdin.buffer.read(), np.float32).reshape(shape)


def bearer():
    """New every time: clients add to it."""
    return {"authorization": f"Bearer {token}"}



def bits(array):
    return np.ascontiguousarray(array, dtype=np.float32).view(np.uint32).ravel().tolist()


def ask_triton(module, port, **settings):
    client = module.InferenceServerClient(f"127.0.0.1:{port}")
    assert client.is_server_live() and client.is_server_ready()
    assert client.is_model_ready("small", headers=bearer())
    metadata = client.get_model_metadata("small", headers=bearer())
    name = metadata["inputs"][0]["name"] if isinstance(metadata, dict) else metadata.inputs[0].name
    given = module.InferInput(name, shape, "FP32")
    given.set_data_from_numpy(images, **({"binary_data": settings["binary"]} if settings else {}))
    wanted = [
        module.InferRequestedOutput(name, **({"binary_data": settings["binary"]} if settings else {}))
        for name in ("logits", "probabilities")
    ]
    answer = client.infer("small", [given], outputs=wanted, headers=bearer(), request_id="7")
    try:
        client.infer("other", [given], headers=bearer())
    except Exception as error:
        refused = str(error)
    return {"logits": bits(answer.as_numpy("logits")), "probabilities": bits(answer.as_numpy("probabilities")), "refused": refused}


def triton():
    import tritonclient.grpc
    import tritonclient.http

    return {
        "triton json": ask_triton(tritonclient.http, http_port, binary=False),
        "triton binary": ask_triton(tritonclient.http, http_port, binary=True),
        "triton grpc": ask_triton(tritonclient.grpc, grpc_port),
    }


async def ask_kserve():
    from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, RESTConfig

    def request(binary):
        given = InferInput("images", shape, "FP32")
        given.set_data_from_numpy(images, binary_data=binary)
        return InferRequest(model_name="small", infer_inputs=[given])

    def outputs(answer):
        return {output.name: bits(output.as_numpy()) for output in answer.outputs}

    rest = InferenceRESTClient(RESTConfig(protocol="v2", timeout=60))
    base = f"http://127.0.0.1:{http_port}"
    assert await rest.is_server_ready(base, headers=bearer())
    grpc = InferenceGRPCClient(f"127.0.0.1:{grpc_port}", timeout=60)
    return {
        "kserve json": outputs(await rest.infer(base, request(False), headers=bearer(), model_name="small")),
        "kserve binary": outputs(await rest.infer(base, request(True), headers=bearer(), model_name="small")),
        "kserve grpc": outputs(await grpc.infer(request(True), headers=list(bearer().items()))),
    }


print(json.dumps(triton() if library == "triton" else asyncio.run(ask_kserve())))
