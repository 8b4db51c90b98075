using SeamlessReboot.TestServer.Sessions;

namespace SeamlessReboot.TestServer.Commands;

/// <summary>Changes the file mode creation mask.</summary>
internal sealed class UmaskCommand : ICommand
{
    public string Name => "umask";

    public ValueTask<string?> RunAsync(Server server, ICommandSession session, string argument)
    {
        _ = Native.Umask(Convert.ToUInt32(argument, 8));
        return ValueTask.FromResult<string?>("ok");
    }
}
