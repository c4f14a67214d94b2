"""The work of `deno task bench` by Hugging Face PEFT on PyTorch: a program that speaks the same lines
as lib/bench/process.ts. On the processor it has one thread; on CUDA it computes in float32, without TF32.

Usage: python peft_step.py [cpu|cuda] DIR   (written by lib/bench/work.ts)
"""

import json
import resource
import sys
import time

import peft
import torch
import transformers
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM

torch.set_num_threads(1)
torch.backends.cuda.matmul.allow_tf32 = False
folder = sys.argv[-1]
device = sys.argv[1] if len(sys.argv) > 2 else "cpu"
with open(f"{folder}/batch.json") as file:
    batch = json.load(file)
Auto = AutoModelForSeq2SeqLM if batch["seq2seq"] else AutoModelForCausalLM
base = Auto.from_pretrained(f"{folder}/base", dtype=torch.float32)
model = PeftModel.from_pretrained(base, f"{folder}/adapter", is_trainable=True).to(device)
inputs = {
    name: torch.tensor(batch[name], device=device)
    for name in ("input_ids", "attention_mask", "labels", "task_ids")
}
trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
optimizer = torch.optim.AdamW(trained, lr=batch["learning_rate"], weight_decay=0.0)


def train():
    model.train()
    optimizer.zero_grad()
    loss = model(**inputs).loss
    loss.backward()
    optimizer.step()
    return loss.item()


def evaluate():
    model.eval()
    with torch.no_grad():
        return model(**inputs).loss.item()


def train_with(numbers):
    """A training step whose routers draw these numbers."""
    rand, numbers, place = torch.rand, torch.tensor(numbers, device=device), 0

    def recorded(*shape, **_):
        nonlocal place
        shape = torch.Size(shape[0] if len(shape) == 1 else shape)
        place += shape.numel()
        return numbers[place - shape.numel() : place].reshape(shape)

    torch.rand = recorded
    try:
        return train()
    finally:
        torch.rand = rand


def write(line):
    print(json.dumps(line), flush=True)


versions = f"torch {torch.__version__}, transformers {transformers.__version__}, peft {peft.__version__}"
write(
    {
        "engine": f"Python {sys.version.split()[0]}, {versions}, "
        + (torch.cuda.get_device_name() if device == "cuda" else "1 thread"),
        "evaluation": evaluate(),
        "training": [train_with(numbers) for numbers in batch["noise"]],
    }
)
for line in sys.stdin:
    request = json.loads(line)
    step = train if request["step"] == "train" else evaluate
    times, cpu, started = [], time.process_time(), time.perf_counter()
    while not times or 1000 * (time.perf_counter() - started) < request["milliseconds"]:
        since = time.perf_counter()
        step()
        times.append(1000 * (time.perf_counter() - since))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    write(
        {
            "milliseconds": times,
            "cpu_milliseconds": 1000 * (time.process_time() - cpu) / len(times),
            "peak_memory": peak * (1 if sys.platform == "darwin" else 1024),
        }
    )
