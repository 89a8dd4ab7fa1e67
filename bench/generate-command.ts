import { Command, Option } from 'commander'
import { wholeNumber } from './arguments.js'
import { type Content, contents, writeRecords } from './generate.js'

interface Options {
  readonly records: number
  readonly seed: number
  readonly content: Content
  readonly output?: string
}

const command = new Command('generate')
  .description('Generates an import file. The same options give the same bytes.')
  .requiredOption('--records <number>', 'how many records', wholeNumber)
  .option('--seed <number>', 'which of the possible files', wholeNumber, 1)
  .addOption(new Option('--content <what>', 'what it consists of').choices(contents).default('mixed'))
  .option('--output <file>', 'where to write it (default: to stdout)')
  .parse()

const { output, ...file } = command.opts<Options>()
try {
  await writeRecords(file, output ?? process.stdout)
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException
  // The reader of a pipe may stop when it has enough.
  if (code !== 'EPIPE') {
    process.stderr.write(`generate: ${message}\n`)
    process.exitCode = 1
  }
}
