import { createReadStream, createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { answerQuestions } from '../program.js'

/** A file to copy, and where to; nothing may exist there yet. */
export interface CopyQuestion {
  readonly from: string
  readonly to: string
}

export interface CopyAnswer {
  /** Until the copy has been synced and closed. */
  readonly seconds: number
}

answerQuestions<CopyQuestion, CopyAnswer>(async ({ from, to }) => {
  const start = performance.now()
  await pipeline(createReadStream(from), createWriteStream(to, { flags: 'wx', flush: true }))
  return { seconds: (performance.now() - start) / 1000 }
})
