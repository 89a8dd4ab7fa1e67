/** How long a text is that is passed on by itself. */
export const PIECE_CHARACTERS = 32 * 1024

/** Joins short texts, so that writes are not too small. */
export async function* inPieces(texts: AsyncIterable<string>): AsyncGenerator<string, void, undefined> {
  let piece = ''
  for await (const text of texts) {
    piece += text
    if (piece.length < PIECE_CHARACTERS) continue
    yield piece
    piece = ''
  }
  yield piece
}
