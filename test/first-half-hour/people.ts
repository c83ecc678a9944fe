/** Something that a newcomer does: a line of a shell, and what it must print or leave. */
export interface Step {
  readonly does: string
  readonly command: string
  readonly prints?: RegExp
}

const install = (tarball: string): Step => ({
  does: 'installs the package',
  command: `npm init -y >/dev/null && npm pkg set type=module && npm install '${tarball}' --no-audit --no-fund`,
  prints: /added \d+ packages/,
})

const described = '--network network.onnx --preprocess preprocess.json --classes names.txt'

/** With a network as an ONNX file and folders of photographs. */
const engineer: readonly Step[] = [
  { does: 'asks what runs here', command: 'npx espalier doctor', prints: /wasm/ },
  {
    does: 'from a folder of photographs to a table of answers',
    command: `npx espalier run ${described} --data images:photos --csv answers.csv && head -3 answers.csv`,
    prints: /^file,label,probability,certainty,error\n\S+\.png,[a-z ]+,0\.\d+/m,
  },
  {
    does: 'how often it errs',
    command: `npx espalier run ${described} --data images:labelled`,
    prints: /error \d/i,
  },
  {
    does: 'an adaptive plan within a budget',
    command: `npx espalier search ${described} --budget 1.4x --sets flip --batch 32 --select images:labelled --report images:others --out plan.json`,
    prints: /Wrote plan\.json/,
  },
  {
    does: 'compiles it',
    command: `npx espalier compile ${described} --plan plan.json --out compiled`,
    prints: /multiply-adds/,
  },
  {
    does: 'a server answers an image',
    command: `node_modules/.bin/espalier serve --network compiled --port 8099 & server=$!
      for _ in $(seq 100); do curl -fs http://127.0.0.1:8099/v2/health/ready && break; sleep 0.2; done
      curl -fsS --data-binary @photos/0.png 'http://127.0.0.1:8099/v2/models/compiled/classify?k=2'; kill $server; wait $server || true`,
    prints: /"best":\[\{"label":"[a-z ]+"/,
  },
]

/** With a network of one's own, and what the paper asks of it. */
const researcher: readonly Step[] = [
  {
    does: 'Figure 4 of a network of one’s own',
    command: `npx espalier impact ${described} --data images:labelled --transforms flip --html impact.html --svg impact.svg`,
    prints: /Wrote impact/,
  },
  {
    does: 'a small sweep',
    command: 'npx espalier sweep sweep.json --html sweep.html',
    prints: /Wrote sweep\.html/,
  },
  {
    does: 'the same again, which is done already',
    command: 'npx espalier sweep sweep.json --list',
    prints: /done/,
  },
]

/** With a program in TypeScript. */
const developer: readonly Step[] = [
  {
    does: 'checks the types of a program, and of the libraries',
    command: 'npm install typescript @types/node@20 --no-audit --no-fund && npx tsc --noEmit',
  },
  { does: 'runs it', command: 'npx tsc && node program.js', prints: /^answers 3 4\nticks [1-9]/m },
]

/** Who tries the package, in a folder of their own. */
export const people = (tarball: string): Readonly<Record<string, readonly Step[]>> => ({
  engineer: [install(tarball), ...engineer],
  researcher: [install(tarball), ...researcher],
  developer: [install(tarball), ...developer],
  'developer with pnpm': [
    {
      does: 'installs the package',
      command: `npm init -y >/dev/null && npm pkg set type=module && npx --yes pnpm@9 add '${tarball}'`,
      prints: /dependencies:/,
    },
    ...developer.map(step => ({
      ...step,
      command: step.command.replace('npm install', 'npx --yes pnpm@9 add').replace(' --no-audit --no-fund', ''),
    })),
  ],
})
