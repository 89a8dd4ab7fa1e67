import { createHash, randomBytes } from 'node:crypto'

const BYTES = 32

/** A new secret, 256 random bits, in characters that need no escaping in a header, a form or a shell. */
const generate = (prefix: string): string => `intake_${prefix}${randomBytes(BYTES).toString('base64url')}`

export const generateApiKey = (): string => generate('')
export const generateClientSecret = (): string => generate('secret_')
export const generateAccessToken = (): string => generate('token_')
export const generateSessionSecret = (): string => generate('session_')

/**
 * What is stored of a secret: its SHA-256. The secrets that we generate are long and random, so a slow hash
 * would protect nothing; whoever sets API_KEY decides its strength.
 */
export const hashOf = (secret: string): Buffer => createHash('sha256').update(secret).digest()
