namespace SeamlessReboot;

/// <summary>The steps of a reboot, in their order.</summary>
public enum RebootStage
{
    /// <summary>The reboot is asked for; nobody has noticed yet.</summary>
    Request,

    /// <summary>What can be known to fail is looked at: the spool, free space, the program to start.</summary>
    Check,

    /// <summary>The new release is tried, beside this one. See <see cref="RebooterOptions.Rehearsal"/>.</summary>
    Rehearse,

    /// <summary>Every session, and every loop of the application, stops at a safe point.</summary>
    Suspend,

    /// <summary>State and bytes are taken, and serialized.</summary>
    Capture,

    /// <summary>The spool is checked and published.</summary>
    Write,

    /// <summary>The application's <see cref="RebooterOptions.OnSuspending"/> runs.</summary>
    Flush,

    /// <summary>Descriptors are marked as survivors and strays.</summary>
    Descriptors,

    /// <summary>The process is replaced: the point of no return.</summary>
    Exec,

    /// <summary>The new image has come as far as <see cref="Rebooter.Start"/>.</summary>
    Start,

    /// <summary>The application has registered what it keeps, and called <see cref="Rebooter.Ready"/>.</summary>
    Register,

    /// <summary>State has been handed out; sessions run.</summary>
    Ready,
}
