"""Import untrusted RVC checkpoints and their indexes as voices; no code from them is ever run."""

from vc_core.checkpoints.weights import save_tensors
from vc_core.conversion.rvc.checkpoint import read_checkpoint
from vc_core.conversion.rvc.files import ENGINE_NAME, WEIGHTS_FILE, RvcFiles
from vc_core.conversion.rvc.index_file import read_index
from vc_core.conversion.rvc.network import build_network
from vc_core.conversion.rvc.retrieval import save_retrieval
from vc_core.errors import Message, UserError
from vc_core.progress import Progress, silent
from vc_core.voices.facts import ImportedModel, VoiceFacts, add_imported_voice
from vc_core.voices.library import Voice, VoiceLibrary


def import_rvc(library: VoiceLibrary, files: RvcFiles, facts: VoiceFacts, *, progress: Progress = silent) -> Voice:
    """The checkpoint as a voice of the library, with its index if it has one."""
    progress(0.0, Message("Reading {file}", file=files.model.name))
    checkpoint = read_checkpoint(files.model)
    model, width = checkpoint.model, checkpoint.model.shape.content_width
    build_network(model, checkpoint.folded, files.model.name)
    index = None if files.index is None else read_index(files.index)
    if index is not None and files.index is not None and index.width != width:
        raise UserError(
            "“{index}” belongs to another voice: its features have {found} numbers, and those of “{model}” {width}.",
            index=files.index.name,
            found=index.width,
            model=files.model.name,
            width=width,
        )
    with library.staging_folder() as folder:
        progress(0.5, Message("Importing the voice"))
        save_tensors(folder / WEIGHTS_FILE, checkpoint.tensors)
        if index is not None:
            save_retrieval(folder, index)
        settings = {
            "made with": model.description,
            "training": checkpoint.training,
            "speakers": model.shape.speakers,
            "checkpoint": files.model.name,
            "index": files.index.name if files.index else "",
        }
        imported = ImportedModel(ENGINE_NAME, "RVC", model.sample_rate, files.source, settings)
        return add_imported_voice(library, folder, facts, imported)
