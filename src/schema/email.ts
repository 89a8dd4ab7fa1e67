import { domainToASCII } from 'node:url'
import { quotable } from '../text/invisible.js'

/*
 * E-mail addresses according to RFC 5321, section 4.1.2, and their international form, RFC 6531, section 3.3.
 * Lengths are not checked: contract 8 has its own limit. An address literal (`a@[192.0.2.1]`) is valid; no
 * maintained library knows all of this and says which part is wrong.
 */

/** `atext` of RFC 5322, and beyond ASCII anything that is neither space nor invisible. */
const ATOM_CHARACTER = /^(?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]|[^\p{ASCII}\p{Z}\p{C}]|[\u200c\u200d])$/u
const QUOTED = /^"(?:[ !#-[\]-~]|\\[ -~]|[^\p{ASCII}\p{C}])*"$/u
const LITERAL = /^\[(?:\d{1,3}(?:\.\d{1,3}){3}|IPv6:[0-9A-Fa-f:.]+|[A-Za-z0-9-]*[A-Za-z0-9]:[!-Z^-~]+)\]$/
const ASCII_LABEL = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/
/**
 * Letters, marks and digits of every script, and the joiners and dots that IDNA allows within words (RFC
 * 5892).
 */
const LABEL_CHARACTER = /^(?:[\p{L}\p{M}\p{N}\u00b7\u0375\u05f3\u05f4\u30fb-]|\u200c|\u200d)$/u

const WITH_NAME = /^[^<>]*<\s*([^<>\s]+)\s*>\s*$/

/** Nearly all addresses: atoms and labels of ASCII. */
const ATOM = "[\\w!#$%&'*+/=?^`{|}~-]+"
const ASCII_DOMAIN_LABEL = ASCII_LABEL.source.slice(1, -1)
const PLAIN = new RegExp(`^${ATOM}(?:\\.${ATOM})*@${ASCII_DOMAIN_LABEL}(?:\\.${ASCII_DOMAIN_LABEL})*$`)

/** Says what is wrong with an e-mail address, to end a sentence; undefined: it is valid. */
export function whyNotEmail(text: string): string | undefined {
  if (PLAIN.test(text)) return undefined
  const [, within] = WITH_NAME.exec(text) ?? []
  if (within !== undefined && whyNotEmail(within) === undefined) {
    return `must be the address alone: ${within}`
  }
  if (/^\s|\s$/.test(text)) return 'must not begin or end with a space'
  const at = text.lastIndexOf('@')
  if (at === -1) return 'must be an e-mail address, which has an @'
  const [local, domain] = [text.slice(0, at), text.slice(at + 1)]
  if (/[,;]/.test(local) && local.includes('@') && !QUOTED.test(local)) {
    return 'must be one e-mail address, not several'
  }
  return whyNotLocal(local) ?? whyNotDomain(domain)
}

function whyNotLocal(local: string): string | undefined {
  if (local === '') return 'must have something before the @'
  if (QUOTED.test(local)) return undefined
  if (local.includes('@')) return 'must have one @ only'
  const wrong = [...local].find((character) => character !== '.' && !ATOM_CHARACTER.test(character))
  if (wrong !== undefined) return `must not have ${named(wrong)} before the @`
  if (local.split('.').includes(''))
    return 'must not begin or end with a dot before the @, nor have two in a row'
  return undefined
}

function whyNotDomain(domain: string): string | undefined {
  if (domain === '') return 'must have a domain after the @'
  if (LITERAL.test(domain)) return undefined
  const labels = domain.split('.')
  if (labels.includes('')) return 'must not begin or end with a dot after the @, nor have two in a row'
  const wrong = [...domain].find((character) => character !== '.' && !LABEL_CHARACTER.test(character))
  if (wrong !== undefined) return `must not have ${named(wrong)} after the @`
  const bad = labels.find((label) => !isLabel(label))
  if (bad === undefined) return undefined
  return /^-|-$/.test(bad)
    ? 'must not have a hyphen at the beginning or end of a part of its domain'
    : 'must have a domain of parts of at most 63 characters after the @'
}

/** A label of ASCII, or one that IDNA converts to ASCII. */
const isLabel = (label: string): boolean =>
  ASCII_LABEL.test(/^\p{ASCII}*$/u.test(label) ? label : /^-|-$/.test(label) ? '' : domainToASCII(label))

/** A character in a form that people recognize: an invisible one by its number. */
const named = (character: string): string => (character === ' ' ? 'a space' : `"${quotable(character)}"`)
