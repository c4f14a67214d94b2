import { assertClose } from "../testing/assert_close.ts";
import { onEachBackend } from "../testing/on_each_backend.ts";
import { wave } from "../testing/wave.ts";
import * as tf from "../tf.ts";
import { mixSkills } from "./mix_skills.ts";

const [B, H, S, X, Y] = [3, 2, 4, 5, 6];
const WEIGHTS = wave(B * H * S, 0.2);
const SKILLS = wave(H * S * X * Y, 0.9);

type Along = "rows" | "columns";

/** Visits every product that makes up the result, by the flat positions of its parts. */
function eachProduct(along: Along, visit: (w: number, s: number, out: number) => void): void {
  for (let b = 0; b < B; b++) {
    for (let h = 0; h < H; h++) {
      for (let s = 0; s < S; s++) {
        for (let x = 0; x < X; x++) {
          for (let y = 0; y < Y; y++) {
            const out = along === "rows"
              ? (b * H * X + h * X + x) * Y + y
              : (b * X + x) * H * Y + h * Y + y;
            visit((b * H + h) * S + s, ((h * S + s) * X + x) * Y + y, out);
          }
        }
      }
    }
  }
}

for (const along of ["rows", "columns"] as const) {
  const shape = along === "rows" ? [B, H * X, Y] : [B, X, H * Y];
  onEachBackend(
    `mixSkills() equals plain loops along ${along}, values and gradients`,
    async (on) => {
      const weights = tf.tensor3d(WEIGHTS, [B, H, S]);
      const skills = tf.tensor4d(SKILLS, [H, S, X, Y]);
      const slopes = wave(B * H * X * Y, 2);
      const dy = tf.tensor(slopes, shape);
      const mixed = mixSkills(weights, skills, along);
      const [dWeights, dSkills] = tf.grads((w, s) =>
        mixSkills(w as tf.Tensor3D, s as tf.Tensor4D, along)
      )([weights, skills], dy) as [tf.Tensor, tf.Tensor];

      const values = new Float64Array(B * H * X * Y);
      const [byWeights, bySkills] = [
        new Float64Array(WEIGHTS.length),
        new Float64Array(SKILLS.length),
      ];
      eachProduct(along, (w, s, out) => {
        values[out]! += WEIGHTS[w]! * SKILLS[s]!;
        byWeights[w]! += slopes[out]! * SKILLS[s]!;
        bySkills[s]! += slopes[out]! * WEIGHTS[w]!;
      });
      await assertClose(mixed, { shape, data: values }, on.tolerance, "mixed");
      await assertClose(dWeights, { shape: [B, H, S], data: byWeights }, on.tolerance, "∇ weights");
      await assertClose(dSkills, { shape: [H, S, X, Y], data: bySkills }, on.tolerance, "∇ skills");
      tf.dispose([weights, skills, dy, mixed, dWeights, dSkills]);
    },
  );
}
