using SeamlessReboot.Angel.Children;
using SeamlessReboot.Angel.Loop;
using SeamlessReboot.Angel.SelfReboot;

namespace SeamlessReboot.Angel;

/// <summary>What the angel starts its own program for. To be asked before the command line is looked at.</summary>
internal static class InternalVerbs
{
    /// <returns>False when the program was started for something else.</returns>
    internal static bool TryRun(string[] arguments, out int exitCode)
    {
        if (arguments is ["run", ..])
            ChildSignal.Prepare();
        return ExecVerb.TryRun(arguments, out exitCode) || HandoverCheck.TryRun(arguments, out exitCode);
    }
}
