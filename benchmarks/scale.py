"""What a face costs: bytes on disk, rows a second in the sweep, faces a second into the index; the same of Milvus.

    .venv/bin/python -m benchmarks.scale --sizes 10000,100000,1000000 --milvus 10000

Vectors are made, as in `benchmarks.sweep`. Milvus is the embedded one (milvus-lite), at the sizes of `--milvus`: it is
for trying and testing, and says how the path works, not how fast a cluster is. Both in the same run. Prints JSON.
"""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
os.environ.setdefault("REGARD_PROFILE", "dev")

import django

django.setup()

from milvus_lite.server_manager import server_manager_instance  # noqa: E402
from pymilvus import DataType, MilvusClient  # noqa: E402

from benchmarks.sweep import DIMENSION, RADIUS, best, made, ours, probes_of, written  # noqa: E402

COLLECTION = "faces"


def of_segments(faces: int) -> dict[str, Any]:
    """Bytes a face, seconds to write them, and a search with one probe and with 64."""
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "index"
        began = time.perf_counter()
        index = written(folder, faces, 1)
        wrote = time.perf_counter() - began
        size = sum(path.stat().st_size for path in folder.iterdir())
        one, _found = best(5, lambda: ours(index, probes_of(folder, faces, 1)))
        many, _found = best(3, lambda: ours(index, probes_of(folder, faces, 64)))
    return {
        "faces": faces,
        "bytes_a_face": round(size / faces),
        "faces_a_second_written": round(faces / wrote),
        "one_probe_ms": round(1000 * one, 2),
        "faces_a_second_swept": round(faces / one),
        "faces_a_second_swept_with_64": round(64 * faces / many),
    }


def of_milvus(faces: int) -> dict[str, Any]:
    """The same in milvus-lite: FLAT, one probe, a radius."""
    with tempfile.TemporaryDirectory() as folder:
        client = MilvusClient(str(Path(folder) / "milvus.db"))
        schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field("id", DataType.INT64, is_primary=True)
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=DIMENSION)
        index = client.prepare_index_params()
        index.add_index("vector", index_type="FLAT", metric_type="L2")
        client.create_collection(COLLECTION, schema=schema, index_params=index, consistency_level="Strong")
        vectors = np.concatenate(list(made(faces, 1)))
        began = time.perf_counter()
        for start in range(0, faces, 1000):
            some = vectors[start : start + 1000]
            client.upsert(COLLECTION, data=[{"id": start + at, "vector": vector} for at, vector in enumerate(some)])
        wrote = time.perf_counter() - began
        client.flush(COLLECTION)
        search = {"metric_type": "L2", "params": {"radius": RADIUS**2}}
        one, _found = best(3, lambda: client.search(COLLECTION, data=[vectors[0]], limit=16_384, search_params=search))
        size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
        client.close()
        server_manager_instance.release_all()
    return {
        "faces": faces,
        "bytes_a_face": round(size / faces),
        "faces_a_second_written": round(faces / wrote),
        "one_probe_ms": round(1000 * one, 2),
        "faces_a_second_swept": round(faces / one),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", default="10000,100000,1000000")
    parser.add_argument("--milvus", default="10000")
    wanted = parser.parse_args()
    result = {
        "threads": os.cpu_count(),
        "segments": [of_segments(int(faces)) for faces in wanted.sizes.split(",")],
        "milvus_lite": [of_milvus(int(faces)) for faces in wanted.milvus.split(",")],
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
