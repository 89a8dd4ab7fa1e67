/*
 * The service, the command line and the console use these functions to name characters. Nothing is imported
 * here, so that the console can be built with it.
 */

/**
 * Characters that are invisible or move other text around: control characters, unpaired surrogates, line
 * separators, and what Unicode allows to be left undrawn (byte-order mark, zero-width and bidirectional
 * marks, soft hyphen). Variation selectors are excluded, as are joiners after a letter of a script that needs
 * them, or within an emoji.
 */
const INVISIBLE =
  /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\ufff9-\ufffb]|(?![\p{Variation_Selector}\u200c\u200d])\p{Default_Ignorable_Code_Point}|(?<!(?!\p{Script=Latin})[\p{L}\p{M}\p{Extended_Pictographic}\p{Emoji_Modifier}])[\u200c\u200d]/gu

/** Spaces other than U+0020 that look like it. */
const OTHER_SPACES = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/g

/** `<U+FEFF>`: a readable name in angle brackets. */
const nameOf = (character: string): string =>
  `<U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}>`

/** A text to be shown, with its invisible characters named: `Tea<U+202E>pot`. */
export const showInvisible = (text: string): string => text.replaceAll(INVISIBLE, nameOf)

/** A text to be quoted because something is wrong with it: spaces other than U+0020 are named too. */
export const quotable = (text: string): string => showInvisible(text).replaceAll(OTHER_SPACES, nameOf)

/**
 * JSON text with its invisible characters, which can only be within strings, escaped: its meaning is the same
 * (RFC 8259, 7).
 */
export const escapeInvisible = (json: string): string =>
  json.replaceAll(INVISIBLE, (character) =>
    character === '\n'
      ? character
      : Array.from(
          { length: character.length },
          (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`,
        ).join(''),
  )
