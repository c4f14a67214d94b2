/** Registers the WebAssembly backend: the import is for its side effect. */
import "@tensorflow/tfjs-backend-wasm";
