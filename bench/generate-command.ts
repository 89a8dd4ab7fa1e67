import { Command } from 'commander'
import { wholeNumber } from './arguments.js'
import { writeRecords } from './generate.js'

interface Options {
  readonly records: number
  readonly seed: number
  readonly productsOnly?: true
  readonly output?: string
}

const command = new Command('generate')
  .description('Generates an import file of valid mixed records. The same numbers give the same bytes.')
  .requiredOption('--records <number>', 'how many records', wholeNumber)
  .option('--seed <number>', 'which of the possible files', wholeNumber, 1)
  .option('--products-only', 'products alone, every second one with a name that no other has')
  .option('--output <file>', 'where to write it (default: to stdout)')
  .parse()

const { output, ...file } = command.opts<Options>()
try {
  await writeRecords(file, output ?? process.stdout)
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException
  // Whoever reads the other end of a pipe may stop when it has enough.
  if (code !== 'EPIPE') {
    process.stderr.write(`generate: ${message}\n`)
    process.exitCode = 1
  }
}
