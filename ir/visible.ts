/** What takes no room on a screen, moves what stands around it or looks like a space: controls, line ends, marks of order and direction. */
const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|(?! )\p{Zs}/gu

/** Most names: nothing to look for. */
const plain = /^[ -~]*$/

/** Text as a reader of messages can tell it apart: what cannot be seen stands as its code point, `\u{feff}`. */
export const visible = (text: string): string =>
  plain.test(text)
    ? text
    : text.replace(unseen, character => `\\u{${(character.codePointAt(0) as number).toString(16)}}`)

/** {@link visible} of a text of several lines, which stay lines. */
export const visibleLines = (text: string): string => text.split('\n').map(visible).join('\n')

/** Text in quotes as JSON reads it, on one line and with nothing unseen in it. */
export const quoted = (text: string): string => {
  const json = JSON.stringify(text)
  if (plain.test(json)) return json
  const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  return json.replace(unseen, character => character.split('').map(escaped).join(''))
}
