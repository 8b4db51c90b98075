namespace SeamlessReboot.ProcessTests.Helpers;

/// <summary>A user that may nothing special: no network namespace, no other's process.</summary>
internal static class Unprivileged
{
    private const string User = "61001"; // nobody's, as far as we know

    /// <summary>Words to put before a command. Gives that user the workspace.</summary>
    public static async Task<string[]> CommandAsync(Workspace workspace)
    {
        if (Libc.EffectiveUser() != 0)
            return [];
        if (!Shell.Has("setpriv"))
            Assert.Ignore("There is no setpriv on this machine, to start a server as another user than root.");
        string[] command = ["setpriv", "--reuid", User, "--regid", User, "--clear-groups"];
        if ((await Shell.TryAsync(command[0], [.. command[1..], "test", "-r", Builds.Server])).Code != 0)
            Assert.Ignore($"{Builds.Server} cannot be read by another user than root.");
        await Shell.RunAsync("chown", "-R", $"{User}:{User}", workspace.Root);
        return command;
    }
}
