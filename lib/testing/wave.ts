/**
 * `size` numbers amplitude · sin(phase + 1.7 i): all different, and easy to reproduce in any
 * language.
 */
export function wave(size: number, phase: number, amplitude = 1): Float32Array {
  return Float32Array.from({ length: size }, (_, i) => amplitude * Math.sin(phase + 1.7 * i));
}
