const words = (
  'the a of to and in that it is was for on are as with they at be this have from or one had by but some what there we can out ' +
  'other were all your when up use word how said an each she which do their time if will way about many then them would write ' +
  'like so these her long make thing see him two has look more day could go come did my sound no most number who over know ' +
  'water than call first people may down side been now find any new work part take get place made live where after back little'
).split(' ')

/** A generator of numbers in [0, 1) that gives the same ones for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** About `length` characters of text as people write it: sentences, paragraphs, now and then a quotation, a few letters beyond ASCII. */
export function prose(length: number, random: () => number): string {
  let text = ''
  while (text.length < length) {
    const sentence = Array.from({ length: 6 + Math.floor(random() * 14) }, () => words[Math.floor(random() * words.length)]).join(' ')
    const chance = random()
    if (chance < 0.08) text += `"${sentence}," she said.`
    else if (chance < 0.12) text += `Voilà – ${sentence}.`
    else text += `${sentence}.`
    text += random() < 0.15 ? '\n\n' : ' '
  }
  return text.slice(0, length).trimEnd()
}
