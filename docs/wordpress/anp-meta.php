<?php
/**
 * Plugin Name: anp meta
 * Description: Registers the post meta of articles exported by anp, so that the REST API shows and takes it.
 * Version: 1.0
 * Requires at least: 5.3
 * License: MIT
 *
 * A must-use plugin: put this file into wp-content/mu-plugins. It stores nothing and can go at any time.
 */

defined( 'ABSPATH' ) || exit;

/**
 * Returns the JSON schema of each meta key.
 */
function anp_meta_schemas() {
	$text  = array( 'type' => 'string' );
	$whole = array( 'type' => 'integer' );
	$list  = function ( $items ) {
		return array( 'type' => 'array', 'items' => $items );
	};
	$map   = function ( $properties ) {
		return array( 'type' => 'object', 'properties' => $properties );
	};

	return array(
		'anp_topic'         => $text,
		'anp_summary'       => $text,
		'anp_ai_outline'    => $map( array_fill_keys( array( 'context', 'problem', 'stack', 'recommended action' ), $text ) ),
		'anp_ai_brief'      => $text,
		'anp_stack'         => $list( $text ),
		'anp_tools'         => $list( $text ),
		'anp_code_language' => $text,
		'anp_difficulty'    => $text,
		'anp_reading_time'  => $whole,
		'anp_view_count'    => $whole,
		'anp_score'         => $map( array_fill_keys( array( 'quality', 'freshness', 'depth', 'clarity' ), $whole ) ),
		'anp_revision'      => $map( array_fill_keys( array( 'status', 'version', 'last reviewed' ), $text ) ),
		'anp_reference'     => $text,
		'anp_hash'          => $text,
		'anp_flags'         => $map( array_fill_keys( array( 'ai generated style', 'has images', 'image heavy', 'needs human review' ), $whole ) ),
		'anp_checklist'     => $list( $text ),
		'anp_entities'      => $list( $map( array_fill_keys( array( 'name', 'type' ), $text ) ) ),
		'anp_image_sources' => $list( $map( array_fill_keys( array( 'source', 'url', 'caption' ), $text ) ) ),
		'anp_payload'       => $map(
			array(
				'source id'  => $text,
				'generator'  => $text,
				'paragraphs' => $whole,
				'scenario'   => $text,
				'seed'       => $whole,
			)
		),
		'anp_notes'         => $list( $text ),
	);
}

add_action(
	'init',
	function () {
		foreach ( anp_meta_schemas() as $key => $schema ) {
			register_post_meta(
				'post',
				$key,
				array(
					'type'         => $schema['type'],
					'single'       => true,
					'show_in_rest' => array( 'schema' => $schema ),
				)
			);
		}
	}
);
