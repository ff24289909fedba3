// The tests of the public suite in its own order, and what its own rules make of a run's findings.
// node judge.mjs SUITE < findings.json
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const load = path => import(pathToFileURL(join(resolve(process.argv[2]), path)))
const { determineTestResult } = await load('lib/display.mjs')
const groups = (await load('tests/index.mjs')).default
groups.push((await load('tests/surrogate-control.mjs')).default)

const VERDICTS = {
  '✅': 'pass',
  '⛔️': 'fail',
  '⚠️': 'fail',
  Y: 'yes',
  N: 'no',
  '🔹': 'setup',
  '⚪️': 'dependency',
  '↻': 'retry',
  '⁉️': 'harness',
  '-': 'untested'
}

const findings = JSON.parse(readFileSync(0, 'utf8'))
const judged = groups.map(group => ({
  id: group.id,
  name: group.name,
  tests: group.tests.filter(test => test.browser_only !== true).map(test => ({
    id: test.id,
    kind: test.kind || 'required',
    verdict: VERDICTS[determineTestResult(groups, test.id, findings)[2]],
    said: Array.isArray(findings[test.id]) ? findings[test.id][1] : ''
  }))
}))
console.log(JSON.stringify(judged))
