import { Command } from 'commander'
import { wholeNumber } from './arguments.js'
import { writeRecords } from './generate.js'

interface Options {
  readonly records: number
  readonly seed: number
  readonly output?: string
}

const command = new Command('generate')
  .description('Generates an import file of valid mixed records. The same numbers give the same bytes.')
  .requiredOption('--records <number>', 'how many records', wholeNumber)
  .option('--seed <number>', 'which of the possible files', wholeNumber, 1)
  .option('--output <file>', 'where to write it (default: to stdout)')
  .parse()

const { records, seed, output } = command.opts<Options>()
try {
  await writeRecords({ records, seed }, output ?? process.stdout)
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException
  // Whoever reads the other end of a pipe may stop when it has enough.
  if (code !== 'EPIPE') {
    process.stderr.write(`generate: ${message}\n`)
    process.exitCode = 1
  }
}
