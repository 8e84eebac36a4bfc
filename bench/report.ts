import { cpus, totalmem } from 'node:os';
import type { BenchReport, Row } from './bench.ts';

/** What the numbers were taken on; without it they mean nothing. */
export function machineLine(): string {
  const processors = cpus();
  const model = processors[0]?.model.trim() ?? 'unknown processor';
  const memory = `${Math.round(totalmem() / 2 ** 30)} GB`;
  const parts = [`${processors.length} × ${model}`, `${process.platform} ${process.arch}`];
  return [...parts, `Node ${process.versions.node}`, memory].join(', ');
}

/** A report as a Markdown table, so that it can be pasted where it is read. */
export function formatReport(report: BenchReport): string {
  const header = ['case', 'measure', report.ours, report.peer, 'ratio', 'ratio by round'];
  const lines = report.rows.map((row) => [
    row.case,
    row.measure,
    number(row.ours, row),
    row.peer === undefined ? '' : number(row.peer, row),
    row.ratio === undefined ? '' : ratio(row.ratio),
    row.spread === undefined ? '' : row.spread.map(ratio).join(' … '),
  ]);
  const table = [header, ...lines];
  const widths = header.map((_, at) => Math.max(...table.map((line) => line[at]?.length ?? 0)));
  const [head = '', ...body] = table.map((line) => tableLine(line, widths));
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  const title = `### ${report.name}: ${report.title} (${report.rounds} rounds)`;
  const notes = report.notes.map((note) => `- ${note}`);
  const gap = notes.length === 0 ? [] : [''];
  return [title, '', head, rule, ...body, ...gap, ...notes, ''].join('\n');
}

function tableLine(cells: readonly string[], widths: readonly number[]): string {
  const padded = cells.map((cell, at) => {
    const width = widths[at] ?? 0;
    return at < 2 ? cell.padEnd(width) : cell.padStart(width);
  });
  return `| ${padded.join(' | ')} |`;
}

function number(value: number, { unit }: Row): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${unit}`.replace(' /s', '/s');
}

function ratio(value: number): string {
  if (value < 0.01) return `${value.toPrecision(1)}×`;
  return `${value.toFixed(value >= 10 ? 1 : 2)}×`;
}
