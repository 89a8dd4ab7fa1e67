/** The hash of a file as the service computes it: of the bytes that are left once it is decompressed. */

/** How often the share is told, in bytes of the file. */
const STEP_BYTES = 4_000_000

/** How long it computes before the page may do something else: draw the share, answer a click. */
const BUSY_MS = 20

/**
 * The SHA-256 of a file in hexadecimal, read piece by piece, so that it may be larger than memory. Undefined
 * if the browser cannot decompress it.
 *
 * @param onShare is told how much of the file is read, from 0 to 1.
 */
export async function sha256Of(
  file: File,
  { signal, onShare }: { readonly signal: AbortSignal; onShare(share: number): void },
): Promise<string | undefined> {
  // Not the browser's own: it takes a file only in one piece, and only over https.
  const [{ sha256 }, compression] = await Promise.all([import('@noble/hashes/sha2.js'), compressionOf(file)])
  const hash = sha256.create()
  let read = 0
  let told = 0
  const counting = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(piece, controller) {
      signal.throwIfAborted()
      read += piece.length
      if (read - told > STEP_BYTES) {
        told = read
        onShare(read / file.size)
      }
      controller.enqueue(piece)
    },
  })
  try {
    const counted = file.stream().pipeThrough(counting)
    const bytes =
      compression === undefined
        ? counted
        : counted.pipeThrough(new DecompressionStream(compression as CompressionFormat))
    const reader = bytes.getReader()
    let resumedAt = performance.now()
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      hash.update(value)
      if (performance.now() - resumedAt < BUSY_MS) continue
      await pause()
      resumedAt = performance.now()
    }
  } catch (error) {
    signal.throwIfAborted()
    // The service says what is wrong with it.
    if (compression !== undefined) return undefined
    throw error
  }
  return [...hash.digest()].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

/**
 * Lets the page do what waits; pieces of a file can arrive so quickly that nothing else gets a turn. Not by a
 * timer: in a tab that is not looked at, they wait a second.
 */
const pause = (): Promise<void> =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(undefined)
  })

/** The first bytes of compressed files: RFC 1952 and RFC 8878. Not every browser has the second. */
const COMPRESSIONS: readonly (readonly [name: string, magic: readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
]

async function compressionOf(file: File): Promise<string | undefined> {
  const beginning = new Uint8Array(await file.slice(0, 4).arrayBuffer())
  return COMPRESSIONS.find(([, magic]) => magic.every((byte, index) => beginning[index] === byte))?.[0]
}
