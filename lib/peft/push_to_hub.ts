import { uploadFiles, type UploadOptions } from "../hub/upload.ts";
import { type Adapted, adapterFolders, type SaveOptions } from "./save_adapters.ts";

/** Options of `pushToHub`. */
export interface PushOptions extends UploadOptions, SaveOptions {}

/**
 * Uploads adapters to a hub, in the files that `savePretrained` writes, as one commit.
 *
 * @param id `org/name`; made where it is not there
 * @returns the address of the commit
 * @throws as `saveAdapters` and `uploadFiles`
 *
 * Source: transformers utils/hub.py, `push_to_hub`, which PEFT's models have
 */
export async function pushToHub(
  model: Adapted,
  id: string,
  { selectedAdapters, ...options }: PushOptions = {},
): Promise<string> {
  const chosen = selectedAdapters === undefined ? {} : { selectedAdapters };
  const folders = await adapterFolders(model, null, chosen);
  const files = folders.flatMap(([folder, contents]) =>
    [...contents].map(([name, content]) =>
      [folder === "" ? name : `${folder}/${name}`, bytesOf(content)] as const
    )
  );
  return await uploadFiles(id, new Map(files), options);
}

function bytesOf(content: string | Uint8Array): Uint8Array<ArrayBuffer> {
  return typeof content === "string" ? new TextEncoder().encode(content) : new Uint8Array(content);
}
