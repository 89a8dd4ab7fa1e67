import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

/** A program in `programs/` that runs beside this one and answers questions, one after another. */
export interface Program<Question, Answer> {
  ask(question: Question): Promise<Answer>
}

/**
 * Starts a program in its own process, gives it to `use`, and ends it.
 *
 * @throws what `use` throws; an Error with the program's output if it ended by itself.
 */
export async function withProgram<Question extends object, Answer, T>(
  name: string,
  use: (program: Program<Question, Answer>) => Promise<T>,
): Promise<T> {
  const child = fork(join(import.meta.dirname, 'programs', `${name}.js`), {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  const said = child.stderr ? text(child.stderr) : Promise.resolve('')
  const ended = once(child, 'exit').then(async () => {
    throw new Error(`The program ${name} ended by itself. It said:\n${(await said).trim()}`)
  })
  // It may end while nobody is waiting for an answer.
  ended.catch(() => {})
  try {
    return await use({
      async ask(question) {
        const answered = once(child, 'message')
        // If it could not be sent, the program has ended, which is reported elsewhere.
        child.send(question, () => {})
        const [answer] = (await Promise.race([answered, ended])) as [Answer]
        return answer
      },
    })
  } finally {
    child.kill()
    await ended.catch(() => {})
  }
}

/** The program's side: answers each question. Ends with the process that asks. */
export function answerQuestions<Question, Answer extends object>(
  answer: (question: Question) => Promise<Answer>,
): void {
  process.on('message', async (question) => {
    process.send?.(await answer(question as Question))
  })
  process.on('disconnect', () => process.exit())
}
