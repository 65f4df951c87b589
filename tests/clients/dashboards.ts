// What a shipped dashboard is, by Grafana's own types: `const shipped: Shipped = {…}` compiles or says which field is wrong.

import type * as grafana from '@grafana/schema';
import type { Options as Stat } from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type { Options as Table, FieldConfig as TableField } from '@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen';
import type { Options as Series, FieldConfig as SeriesField } from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

// JSON writes the value of an enum, which TypeScript does not take for the enum.
type Plain<T> = T extends string
  ? string extends T ? T : `${T}`
  : T extends number ? (number extends T ? T : T | (`${T}` extends `${infer N extends number}` ? N : never))
  : T extends (infer Item)[] ? Plain<Item>[]
  : T extends object ? { [Key in keyof T]: Plain<T[Key]> }
  : T;

type Source = { type: 'prometheus'; uid: '${datasource}' };

// The schema has the queries of no Prometheus; these are the fields that its editor writes.
type Query = {
  refId: string;
  datasource: Source;
  editorMode: 'code';
  expr: string;
  legendFormat: string;
  instant: boolean;
  range: boolean;
  format?: 'table';
};

type PanelOf<Type extends string, Options, Custom> =
  Omit<Plain<grafana.Panel>, 'type' | 'title' | 'description' | 'datasource' | 'targets' | 'options' | 'fieldConfig'> & {
    type: Type;
    title: string;
    description: string;
    datasource: Source;
    targets: Query[];
    options: Plain<Options>;
    fieldConfig: {
      defaults: Omit<Plain<grafana.FieldConfig>, 'unit' | 'custom'> & { unit: string; custom?: Plain<Custom> };
      overrides: [];
    };
  };

type Panel =
  | PanelOf<'stat', Stat, never>
  | PanelOf<'table', Partial<Table>, Partial<TableField>>
  | PanelOf<'timeseries', Series, Partial<SeriesField>>
  | Omit<Plain<grafana.RowPanel>, 'panels'> & { panels: [] };

type Variable = Plain<grafana.VariableModel> & { definition?: string };

type Annotation = Plain<grafana.AnnotationQuery> & { expr: string; titleFormat: string; textFormat: string };

// Without an id: it is Grafana's to give.
export type Shipped = Omit<Plain<grafana.Dashboard>, 'id' | 'uid' | 'panels' | 'templating' | 'annotations'> & {
  id: null;
  uid: string;
  panels: Panel[];
  templating: { list: Variable[] };
  annotations: { list: Annotation[] };
};
