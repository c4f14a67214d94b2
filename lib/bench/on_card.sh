#!/usr/bin/env bash
# Everything that ten minutes on a graphics card allow: first whether the numbers are right, then how
# long steps take beside PEFT on CUDA, smallest first, many adapters and runs at once, the default sweep,
# and the shapes of T5-base and Qwen2-0.5B. Each part has a limit of its own, and what it found is in the
# folder OUT when the next begins.
#
# Usage, from the project's root:   OUT=FOLDER bash lib/bench/on_card.sh [PYTHON]
#   PYTHON   with torch, transformers and peft; python3 by default
set -u
out=${OUT:?}
python=$(command -v "${1:-python3}")
deno=(deno run --allow-all --no-check)

# part NAME SECONDS COMMAND…: the time it took, its exit code, and all that it said
part() {
  local name=$1 limit=$2 since=$SECONDS code=0
  shift 2
  timeout "$limit" "$@" > "$out/$name.txt" 2>&1 || code=$?
  echo "$name: $((SECONDS - since)) s, exit code $code" | tee -a "$out/parts.txt"
}

# bench NAME SECONDS OPTIONS…
bench() {
  local name=$1 limit=$2
  shift 2
  part "$name" "$limit" "${deno[@]}" experiments/bench.ts --any-cpu --rounds 7 --name "$name" \
    --python "$python" "$@"
  cp results/bench/"$name".* "$out" 2> /dev/null
  rm -f results/bench/"$name".*
}

mkdir -p "$out"
nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv > "$out/card.txt" 2>&1
part doctor 20 "${deno[@]}" experiments/doctor.ts
part right 75 deno test --allow-all --no-check --parallel --filter "[webgpu]" \
  lib/peft/conformance/golden_test.ts lib/backend/webgpu lib/poly/call_test.ts
for size in decoder-64 t5-sweep; do
  bench "$size" 45 --parts webgpu --sizes "$size"
done
bench owners 100 --parts fused
bench decoder-128 45 --parts webgpu --sizes decoder-128
part default_sweep 60 "${deno[@]}" experiments/sweep.ts experiments/quick.yaml \
  --fresh --out results/on_card --quiet
rm -rf results/on_card
bench t5-base 120 --parts webgpu --sizes t5-base
bench decoder-896 180 --parts webgpu --sizes decoder-896
tail -n 3 "$out/right.txt"
for name in decoder-64 t5-sweep owners decoder-128 t5-base decoder-896; do
  grep '^|' "$out/$name.txt"
done
tail -n 6 "$out/default_sweep.txt"
